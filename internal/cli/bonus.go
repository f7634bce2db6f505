package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// bonusCommand is what operators do with bonuses.
type bonusCommand struct {
	Create bonusCreateCommand `cmd:"" help:"Offer a bonus, now or later."`
	List   bonusListCommand   `cmd:"" help:"List bonuses."`
	End    bonusEndCommand    `cmd:"" help:"Withdraw a bonus; what was claimed stays."`
	Claims bonusClaimsCommand `cmd:"" help:"List who has a bonus, or what a user has."`
	Export bonusExportCommand `cmd:"" help:"Write all claims that match as CSV or JSON lines."`
	Erase  bonusEraseCommand  `cmd:"" help:"Take a user's name out of the journal of claims."`
}

// offered is a bonus as the API tells it.
type offered struct {
	ID        string
	State     string
	Quota     int64
	Claimed   int64
	StartsAt  int64 `json:"starts_at"`
	Deadline  int64
	Tolerance int64 `json:"tolerance_ms"`
	Named     int
	Audience  struct {
		Channel string
		Users   []string
	}
}

// claimed is how many have it, and of how many.
func (b *offered) claimed() string {
	if b.Quota == 0 {
		return strconv.FormatInt(b.Claimed, 10)
	}
	return fmt.Sprintf("%d of %d", b.Claimed, b.Quota)
}

// where is where it is announced.
func (b *offered) where() string {
	switch named := max(b.Named, len(b.Audience.Users)); {
	case b.Audience.Channel != "" && named > 0:
		return b.Audience.Channel + " for " + count(int64(named), "user", "users")
	case b.Audience.Channel != "":
		return b.Audience.Channel
	case named > 0:
		return count(int64(named), "user", "users")
	}
	return "nowhere"
}

type bonusCreateCommand struct {
	asking
	Data string `arg:"" help:"What clients are shown: JSON, or text, which becomes a JSON string."`

	For       time.Duration `help:"How long it can be claimed." placeholder:"DURATION" default:"1m"`
	Quota     *int64        `help:"How many users may have it; without it, any number." placeholder:"N"`
	ID        string        `name:"id" help:"Its name. The same name twice is one bonus; without it one is made." placeholder:"ID"`
	StartsIn  time.Duration `help:"Start later." placeholder:"DURATION"`
	Tolerance time.Duration `help:"How long behind the deadline a claim may still arrive." placeholder:"DURATION"`

	Channel      string        `help:"Announce it in this channel." placeholder:"CHANNEL"`
	User         []string      `help:"Only for this user; may be repeated. Without --channel it is announced in the users' own channels." placeholder:"USER" sep:"none"`
	PresentNow   bool          `help:"Only for users who are here now: in the channel if its visits are recorded, else in the service."`
	MinWatched   time.Duration `help:"Only for users who watched the channel for so long; without --channel, who were here so long." placeholder:"DURATION"`
	WatchedSince time.Duration `help:"Count what was watched since so long ago." placeholder:"DURATION"`
}

// request is the call's, for a node whose clock says now.
func (c *bonusCreateCommand) request(now int64) map[string]any {
	audience := map[string]any{"min_watched_ms": c.MinWatched.Milliseconds()}
	if c.Channel != "" {
		audience["channel"] = c.Channel
	}
	if len(c.User) > 0 {
		audience["users"] = c.User
	}
	if c.PresentNow {
		audience["present_at"] = now
	}
	if c.WatchedSince > 0 {
		audience["watched_since"] = now - c.WatchedSince.Milliseconds()
	}
	q := map[string]any{
		"id": c.ID, "data": jsonOf(c.Data), "duration_ms": c.For.Milliseconds(), "starts_in_ms": c.StartsIn.Milliseconds(),
		"tolerance_ms": c.Tolerance.Milliseconds(), "audience": audience,
	}
	if c.Quota != nil {
		q["quota"] = *c.Quota
	}
	return q
}

// now is what the clock says that judges claims, which this machine's need not; 0 if
// nobody wants to know.
func (c *bonusCreateCommand) now(r *run) (int64, error) {
	if !c.PresentNow && c.WatchedSince == 0 {
		return 0, nil
	}
	answer, err := c.call(r, "info", map[string]any{})
	if err != nil {
		return 0, err
	}
	var info struct{ Nodes []struct{ Time int64 } }
	if err := json.Unmarshal(answer, &info); err != nil {
		return 0, err
	}
	if len(info.Nodes) == 0 || info.Nodes[0].Time == 0 {
		return 0, errors.New("the server does not say its time")
	}
	return info.Nodes[0].Time, nil
}

// Run implements the command.
func (c *bonusCreateCommand) Run(r *run) error {
	now, err := c.now(r)
	if err != nil {
		return err
	}
	answer, err := c.call(r, "bonus_create", c.request(now))
	if err != nil || c.JSON {
		return orWrite(r, answer, err)
	}
	var b offered
	if err := json.Unmarshal(answer, &b); err != nil {
		return err
	}
	_, err = fmt.Fprintf(r.stdout, "%s %s until %s, announced: %s\n", shown(b.ID), b.State, at(b.Deadline), shown(b.where()))
	return err
}

type bonusListCommand struct {
	asking
	Live    bool   `help:"Only those that can be claimed, now or later."`
	Channel string `help:"Only those that are announced in this channel." placeholder:"CHANNEL"`
	Limit   int    `help:"The most that are listed." placeholder:"N" default:"1000"`
}

// Run implements the command.
func (c *bonusListCommand) Run(r *run) error {
	all := []json.RawMessage{}
	more, err := pages(r, &c.asking, "bonus_list", map[string]any{"live": c.Live, "channel": c.Channel}, c.Limit, func(answer json.RawMessage) (int, error) {
		var page struct{ Bonuses []json.RawMessage }
		err := json.Unmarshal(answer, &page)
		all = append(all, page.Bonuses...)
		return len(page.Bonuses), err
	})
	if err != nil || c.JSON {
		b, failed := json.Marshal(all)
		return orWrite(r, b, firstError(err, failed))
	}
	w := tableOf(r.stdout, "BONUS", "STATE", "CLAIMED", "STARTS", "DEADLINE", "ANNOUNCED")
	for _, text := range all {
		var b offered
		if err := json.Unmarshal(text, &b); err != nil {
			return err
		}
		row(w, b.ID, b.State, b.claimed(), at(b.StartsAt), at(b.Deadline), b.where())
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return tellMore(r.stderr, more)
}

type bonusEndCommand struct {
	asking
	ID string `arg:"" help:"The bonus."`
}

// Run implements the command.
func (c *bonusEndCommand) Run(r *run) error {
	answer, err := c.call(r, "bonus_end", map[string]any{"id": c.ID})
	if err != nil || c.JSON {
		return orWrite(r, answer, err)
	}
	var b offered
	if err := json.Unmarshal(answer, &b); err != nil {
		return err
	}
	_, err = fmt.Fprintf(r.stdout, "%s %s, claimed: %s\n", shown(b.ID), b.State, b.claimed())
	return err
}

type bonusEraseCommand struct {
	asking
	User string `arg:"" help:"The user."`
	Yes  bool   `help:"Do it: there is no way back."`
}

// Run implements the command.
func (c *bonusEraseCommand) Run(r *run) error {
	if !c.Yes {
		return wrongUse(errors.New("nobody would know any more what the user has"),
			"say --yes to do it; `throng bonus export --user …` writes it down before")
	}
	answer, err := c.call(r, "bonus_erase", map[string]any{"user": c.User})
	if err != nil || c.JSON {
		return orWrite(r, answer, err)
	}
	var n struct{ Claims int64 }
	if err := json.Unmarshal(answer, &n); err != nil {
		return err
	}
	_, err = r.stdout.Write([]byte("erased the name from " + count(n.Claims, "claim", "claims") + "\n"))
	return err
}
