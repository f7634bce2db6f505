package api

import (
	"context"
	"encoding/json"
	"errors"

	"throng"
)

// Bonuses is the desk where bonuses are offered and claimed.
type Bonuses interface {
	// Create keeps a bonus and offers it when it starts. The same once more changes
	// nothing.
	Create(ctx context.Context, b throng.Bonus) (throng.Bonus, error)
	Bonus(ctx context.Context, id string) (throng.Bonus, error)
	List(ctx context.Context, f throng.BonusFilter, p throng.Page) ([]throng.Bonus, string, error)
	End(ctx context.Context, id string) (throng.Bonus, error)
	// Claim judges the claim of any user, as if it had arrived at its time. may says why
	// the caller may not name the bonuses of a channel (empty for those of users); nil for all.
	Claim(ctx context.Context, c throng.Claim, may func(channel string) error) (throng.Judged, error)
	Claims(ctx context.Context, f throng.ClaimFilter, p throng.Page) ([]throng.Claim, string, error)
	// Erase takes a user's name out of the journal.
	Erase(ctx context.Context, user string) (claims int64, err error)
}

// atDesk makes a method of the desk.
func atDesk[Q, R any](name, doc string, run func(*call, *Q) (*R, *throng.Error)) Method {
	return at(name, doc, func(c *call, q *Q) (*R, *throng.Error) {
		if c.opts.Bonuses == nil {
			return nil, errNoDesk
		}
		return run(c, q)
	})
}

var errNoDesk = &throng.Error{Code: throng.ErrNotAvailable.Code, Message: "not available: there are no bonuses here"}

// audience is whom a bonus is for.
type audience struct {
	Channel      string   `json:"channel,omitempty" doc:"The channel where it is announced. Without it the users' own channels are; everybody's are not."`
	Users        []string `json:"users,omitempty" doc:"Those whom it is for; without it, everybody whose user is known. At most bonus.max_users."`
	PresentAt    int64    `json:"present_at,omitempty" doc:"Only who was here at that moment, in milliseconds since 1970: in the channel if its namespace records visits, else in the service."`
	MinWatched   int64    `json:"min_watched_ms,omitempty" doc:"Only who has watched the channel for so long, in milliseconds; without a channel, who was here for so long. Its namespace must have watch."`
	WatchedSince int64    `json:"watched_since,omitempty" doc:"Since when that counts, in milliseconds since 1970; 0 is ever."`
}

// bonusResult is a bonus as it is told.
type bonusResult struct {
	ID        string          `json:"id" doc:"The bonus."`
	State     string          `json:"state" doc:"scheduled, open, exhausted (the quota is reached), withdrawn, or expired."`
	Data      json.RawMessage `json:"data" doc:"What clients are shown."`
	Quota     int64           `json:"quota,omitempty" doc:"How many users may have it; not there for any number."`
	Claimed   int64           `json:"claimed" doc:"How many have it."`
	StartsAt  int64           `json:"starts_at" doc:"From when on it may be claimed, in milliseconds since 1970."`
	Deadline  int64           `json:"deadline" doc:"From when on it may not be any more."`
	Tolerance int64           `json:"tolerance_ms,omitempty" doc:"How many milliseconds behind the deadline a claim may still arrive."`
	Audience  *audience       `json:"audience" doc:"Whom it is for. In lists without the users."`
	Named     int             `json:"named,omitempty" doc:"In lists: how many users are named."`
	CreatedAt int64           `json:"created_at" doc:"When it was created."`
	EndedAt   int64           `json:"ended_at,omitempty" doc:"When it was exhausted or withdrawn."`
}

func (c *call) tellBonus(b *throng.Bonus) *bonusResult {
	a := &b.Audience
	r := &bonusResult{
		ID: b.ID, State: c.stateOf(b), Data: b.Data, Quota: b.Quota, Claimed: b.Claimed,
		StartsAt: b.StartsAt, Deadline: b.Deadline, Tolerance: b.Tolerance,
		Audience:  &audience{a.Channel, a.Users, a.PresentAt, a.MinWatched, a.WatchedSince},
		CreatedAt: b.CreatedAt, EndedAt: b.EndedAt,
	}
	if len(r.Data) == 0 {
		r.Data = json.RawMessage("null")
	}
	return r
}

func (c *call) stateOf(b *throng.Bonus) string {
	switch now := c.opts.Clock.Now(); {
	case b.End != throng.BonusOpen:
		return string(b.End)
	case now >= b.Deadline+b.Tolerance:
		return "expired"
	case now < b.StartsAt:
		return "scheduled"
	}
	return "open"
}

// reachesBonus reports why the key may not name a bonus.
func (c *call) reachesBonus(a *throng.Audience) *throng.Error { return c.reachesBonuses(a.Channel) }

// reachesBonuses reports why the key may not name those of a channel, empty for users'.
func (c *call) reachesBonuses(channel string) *throng.Error {
	if channel == "" {
		channel = throng.UserNamespace + ":"
	}
	return c.key.reaches(channel)
}

// bonus reads one that the key may name.
func (c *call) bonus(ctx context.Context, verb, id string) (*throng.Bonus, *throng.Error) {
	if id == "" {
		return nil, bad("id: the id of a bonus is needed")
	}
	b, err := c.opts.Bonuses.Bonus(ctx, id)
	if err != nil {
		return nil, c.bonusError(err, verb)
	}
	return &b, c.reachesBonus(&b.Audience)
}

// bonusError is what a caller is told when the desk could not do it.
func (c *call) bonusError(err error, verb string) *throng.Error {
	switch {
	case errors.Is(err, throng.ErrBadCursor):
		return bad("cursor: it is none of this list's")
	case err == throng.ErrUnknownBonus:
		return throng.ErrUnknownBonus
	case errors.Is(err, throng.ErrNotAvailable):
		return throng.AsError(err)
	}
	return c.coded(err, verb, "")
}

const bonusGetDoc = "Tells one bonus."

type bonusIDRequest struct {
	ID string `json:"id" doc:"The bonus."`
}

func (c *call) bonusGet(q *bonusIDRequest) (*bonusResult, *throng.Error) {
	ctx, cancel := c.wait()
	defer cancel()
	b, err := c.bonus(ctx, "bonus_get", q.ID)
	if err != nil {
		return nil, err
	}
	return c.tellBonus(b), nil
}

const bonusEndDoc = "Withdraws a bonus: nobody more can have it, what was claimed stays. Those whom it was announced to are told. One that has ended stays as it is."

func (c *call) bonusEnd(q *bonusIDRequest) (*bonusResult, *throng.Error) {
	ctx, cancel := c.wait()
	defer cancel()
	if _, err := c.bonus(ctx, "bonus_end", q.ID); err != nil {
		return nil, err
	}
	b, err := c.opts.Bonuses.End(ctx, q.ID)
	if err != nil {
		return nil, c.bonusError(err, "bonus_end")
	}
	return c.tellBonus(&b), nil
}

const bonusListDoc = "Lists bonuses, from the one created last, in pages."

type bonusListRequest struct {
	Live    bool   `json:"live,omitempty" doc:"Only those that can be claimed, now or later."`
	Channel string `json:"channel,omitempty" doc:"Only those that are announced in this channel. A key without a right to all namespaces names one."`
	listed
}

type bonusListResult struct {
	Bonuses []bonusResult `json:"bonuses" doc:"The bonuses."`
	Next    string        `json:"next,omitempty" doc:"Where the next page begins; not there after the last one."`
}

func (c *call) bonusList(q *bonusListRequest) (*bonusListResult, *throng.Error) {
	if err := c.whose(q.Channel); err != nil {
		return nil, err
	}
	page, err := q.page()
	if err != nil {
		return nil, err
	}
	ctx, cancel := c.wait()
	defer cancel()
	list, next, failure := c.opts.Bonuses.List(ctx, throng.BonusFilter{Live: q.Live, Channel: q.Channel}, page)
	if failure != nil {
		return nil, c.bonusError(failure, "bonus_list")
	}
	r := &bonusListResult{Bonuses: make([]bonusResult, 0, len(list)), Next: next}
	for i := range list {
		one := c.tellBonus(&list[i])
		one.Named, one.Audience.Users = len(one.Audience.Users), nil
		r.Bonuses = append(r.Bonuses, *one)
	}
	return r, nil
}

// whose checks whose bonuses a list may have: those of a channel, or all.
func (c *call) whose(channel string) *throng.Error {
	if channel == "" {
		if !allowed(c.key.Namespaces, Any) {
			return coded(throng.ErrPermissionDenied, "the key %s has no right to all namespaces; name a channel", c.key.Name)
		}
		return nil
	}
	if err := checkChannel("channel", channel); err != nil {
		return err
	}
	return c.key.reaches(channel)
}
