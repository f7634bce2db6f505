package cli

import (
	"encoding/json"
	"errors"
	"time"
)

// visitsFilter are the flags that say which visits.
type visitsFilter struct {
	User string `help:"Only this user's." placeholder:"USER"`
	visitsPlace
	Node     string        `help:"Only on this node." placeholder:"NAME"`
	Reason   string        `help:"Only those that ended so: left, drained, crashed, moved." placeholder:"REASON"`
	Open     bool          `help:"Only those that have not ended."`
	Shortest time.Duration `help:"Only those at least so long." placeholder:"DURATION"`
	Longest  time.Duration `help:"Only those at most so long." placeholder:"DURATION"`
	visitsSpan
}

func (f *visitsFilter) request() map[string]any {
	q := map[string]any{
		"user": f.User, "node": f.Node, "reason": f.Reason, "open": f.Open,
		"shortest_ms": f.Shortest.Milliseconds(), "longest_ms": f.Longest.Milliseconds(),
	}
	f.visitsPlace.into(q)
	f.visitsSpan.into(q)
	return q
}

type visitsSessionsCommand struct {
	asking
	visitsFilter
	Limit int `help:"The most that are listed." placeholder:"N" default:"1000"`
}

// Run implements the command.
func (c *visitsSessionsCommand) Run(r *run) error {
	all := []visit{}
	more, err := pages(r, &c.asking, "visits_sessions", c.request(), c.Limit, func(answer json.RawMessage) (int, error) {
		var page struct{ Visits []visit }
		err := json.Unmarshal(answer, &page)
		all = append(all, page.Visits...)
		return len(page.Visits), err
	})
	if err != nil || c.JSON {
		b, failed := json.Marshal(all)
		return orWrite(r, b, firstError(err, failed))
	}
	w := tableOf(r.stdout, "USER", "CHANNEL", "NODE", "STARTED", "ENDED", "TIME", "REASON")
	for _, v := range all {
		row(w, v.User, v.Channel, v.Node, at(v.StartedAt), at(v.EndedAt), spent(v.MS), v.Reason)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return tellMore(r.stderr, more)
}

type visitsExportCommand struct {
	exporting
	visitsFilter
	Format string `help:"csv, or jsonl: a JSON object in each line." enum:"csv,jsonl" default:"csv"`
}

// exporting is asking without --json: there is --format.
type exporting struct {
	API string `name:"api" help:"Where the server's internal listener is; also in THRONG_API_URL. By default http://127.0.0.1:9000." placeholder:"URL"`
	Key string `help:"The key of the API; better in THRONG_API_KEY, where nobody sees it. By default the one of development." placeholder:"KEY"`
}

// Run implements the command.
func (c *visitsExportCommand) Run(r *run) error {
	q := c.request()
	q["format"] = c.Format
	body, err := json.Marshal(q)
	if err != nil {
		return err
	}
	a := asking{API: c.API, Key: c.Key}
	return a.stream(r, "visits_export", body)
}

type visitsEraseCommand struct {
	asking
	User string `arg:"" help:"The user."`
	Yes  bool   `help:"Do it: there is no way back."`
}

// Run implements the command.
func (c *visitsEraseCommand) Run(r *run) error {
	if !c.Yes {
		return wrongUse(errors.New("all visits and sums of the user, and the map of its screens, would be lost for ever"),
			"say --yes to do it; `throng visits export --user …` writes them down before")
	}
	answer, err := c.call(r, "visits_erase", map[string]any{"user": c.User})
	if err != nil || c.JSON {
		return orWrite(r, answer, err)
	}
	var n struct{ Visits int64 }
	if err := json.Unmarshal(answer, &n); err != nil {
		return err
	}
	_, err = r.stdout.Write([]byte("erased " + count(n.Visits, "visit", "visits") + "\n"))
	return err
}
