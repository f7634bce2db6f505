package cli

import (
	"encoding/json"
	"fmt"
)

type visitsWatchedCommand struct {
	asking
	User string `help:"Only this user's." placeholder:"USER"`
	visitsPlace
	visitsSpan
	Days    bool `help:"A sum for each day."`
	Longest bool `help:"The longest first."`
	Limit   int  `help:"The most that are listed." placeholder:"N" default:"1000"`
}

type watched struct {
	User    string `json:"user"`
	Channel string `json:"channel"`
	Day     string `json:"day,omitempty"`
	MS      int64  `json:"ms"`
	Visits  int64  `json:"visits"`
}

// Run implements the command.
func (c *visitsWatchedCommand) Run(r *run) error {
	request := map[string]any{"user": c.User, "days": c.Days, "by_time": c.Longest}
	c.visitsPlace.into(request)
	c.visitsSpan.into(request)
	all := []watched{}
	more, err := pages(r, &c.asking, "visits_watched", request, c.Limit, func(answer json.RawMessage) (int, error) {
		var page struct{ Sums []watched }
		err := json.Unmarshal(answer, &page)
		all = append(all, page.Sums...)
		return len(page.Sums), err
	})
	if err != nil || c.JSON {
		b, failed := json.Marshal(all)
		return orWrite(r, b, firstError(err, failed))
	}
	if err := writeSums(r, all, c.Days); err != nil {
		return err
	}
	return tellMore(r.stderr, more)
}

func writeSums(r *run, sums []watched, days bool) error {
	heading := []string{"USER", "CHANNEL", "TIME", "VISITS"}
	if days {
		heading = append(heading, "DAY")
	}
	w := tableOf(r.stdout, heading...)
	for _, s := range sums {
		cells := []string{s.User, s.Channel, spent(s.MS), fmt.Sprint(s.Visits)}
		if days {
			cells = append(cells, s.Day)
		}
		row(w, cells...)
	}
	return w.Flush()
}

type visitsTopCommand struct {
	asking
	Day string `arg:"" optional:"" help:"The day in UTC: 2026-01-31, today or yesterday." default:"today"`
	visitsPlace
	Limit int `help:"How many." placeholder:"N" default:"10"`
}

// Run implements the command.
func (c *visitsTopCommand) Run(r *run) error {
	request := map[string]any{"day": c.Day, "limit": c.Limit}
	c.visitsPlace.into(request)
	answer, err := c.call(r, "visits_top", request)
	if err != nil || c.JSON {
		return orWrite(r, answer, err)
	}
	var top struct{ Top []watched }
	if err := json.Unmarshal(answer, &top); err != nil {
		return err
	}
	return writeSums(r, top.Top, false)
}
