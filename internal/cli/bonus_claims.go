package cli

import (
	"encoding/json"
	"strconv"
)

// claimsFilter are the flags that say which claims.
type claimsFilter struct {
	ID   string `arg:"" optional:"" help:"The bonus; without it, all."`
	User string `help:"Only this user's." placeholder:"USER"`
}

func (f *claimsFilter) request() map[string]any { return map[string]any{"id": f.ID, "user": f.User} }

type bonusClaimsCommand struct {
	asking
	claimsFilter
	Limit int `help:"The most that are listed." placeholder:"N" default:"1000"`
}

// granted is a claim as the API tells it.
type granted struct {
	ID      string `json:"id"`
	Place   int64  `json:"place"`
	User    string `json:"user"`
	At      int64  `json:"at"`
	ClaimID string `json:"claim_id,omitempty"`
}

// Run implements the command.
func (c *bonusClaimsCommand) Run(r *run) error {
	all := []granted{}
	more, err := pages(r, &c.asking, "bonus_claims", c.request(), c.Limit, func(answer json.RawMessage) (int, error) {
		var page struct{ Claims []granted }
		err := json.Unmarshal(answer, &page)
		all = append(all, page.Claims...)
		return len(page.Claims), err
	})
	if err != nil || c.JSON {
		b, failed := json.Marshal(all)
		return orWrite(r, b, firstError(err, failed))
	}
	w := tableOf(r.stdout, "BONUS", "PLACE", "USER", "CLAIMED", "CLAIM")
	for _, g := range all {
		row(w, g.ID, strconv.FormatInt(g.Place, 10), g.User, at(g.At), g.ClaimID)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return tellMore(r.stderr, more)
}

type bonusExportCommand struct {
	exporting
	claimsFilter
	Format string `help:"csv, or jsonl: a JSON object in each line." enum:"csv,jsonl" default:"csv"`
}

// Run implements the command.
func (c *bonusExportCommand) Run(r *run) error {
	q := c.request()
	q["format"] = c.Format
	body, err := json.Marshal(q)
	if err != nil {
		return err
	}
	a := asking{API: c.API, Key: c.Key}
	return a.stream(r, "bonus_export", body)
}
