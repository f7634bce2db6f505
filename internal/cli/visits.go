package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// visitsCommand are the questions about visits.
type visitsCommand struct {
	Online   visitsOnlineCommand   `cmd:"" help:"List who is here now."`
	User     visitsUserCommand     `cmd:"" help:"Tell everything of one user."`
	Watched  visitsWatchedCommand  `cmd:"" help:"Sum the time of users over a period, by channel or day."`
	Sessions visitsSessionsCommand `cmd:"" help:"List visits that match."`
	Curve    visitsCurveCommand    `cmd:"" help:"Draw how many were here over a time."`
	Top      visitsTopCommand      `cmd:"" help:"List who spent the most time on a day."`
	Export   visitsExportCommand   `cmd:"" help:"Write all visits that match as CSV or JSON lines."`
	Erase    visitsEraseCommand    `cmd:"" help:"Erase all that is known of a user: visits, and the map of its screens."`
}

// visitsPlace are the flags that say where.
type visitsPlace struct {
	Channel     string `help:"In this channel. Without it, in the service as a whole." placeholder:"CHANNEL"`
	AllChannels bool   `help:"In all channels, each by itself."`
	Watching    bool   `help:"When clients said that they show the channel, not when they were there."`
}

func (p *visitsPlace) into(q map[string]any) {
	q["channel"], q["any_channel"], q["kind"] = p.Channel, p.AllChannels, kindOf(p.Watching)
}

func kindOf(watching bool) string {
	if watching {
		return "watching"
	}
	return "connected"
}

// visitsSpan are the flags that say when.
type visitsSpan struct {
	From string `help:"From when on: how long ago (90m, 24h, 7d), a day of UTC (2026-01-31), or RFC 3339." placeholder:"TIME"`
	To   string `help:"Until when, written like --from. By default now." placeholder:"TIME"`
}

func (s *visitsSpan) into(q map[string]any) {
	for name, text := range map[string]string{"from": s.From, "to": s.To} {
		if text != "" {
			q[name] = moment(text)
		}
	}
}

// moment makes of 24h, which is easier to write on a command line, the API's -24h.
func moment(text string) string {
	if text[0] >= '0' && text[0] <= '9' && strings.ContainsRune("smhdw", rune(text[len(text)-1])) {
		return "-" + text
	}
	return text
}

// visit is one as the API tells it.
type visit struct {
	User      string `json:"user"`
	Channel   string `json:"channel"`
	Kind      string `json:"kind"`
	Node      string `json:"node"`
	StartedAt int64  `json:"started_at"`
	EndedAt   int64  `json:"ended_at,omitempty"`
	MS        int64  `json:"ms"`
	Reason    string `json:"reason,omitempty"`
}

// tableOf begins a table for people.
func tableOf(w io.Writer, heading ...string) *tabwriter.Writer {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	row(t, heading...)
	return t
}

// row writes one. What names hold that would move a terminal's cursor or a table's
// columns is shown by its code: names come from anybody.
func row(w io.Writer, cells ...string) {
	for i, c := range cells {
		cells[i] = shown(c)
	}
	fmt.Fprintln(w, strings.Join(cells, "\t"))
}

func shown(s string) string {
	if s == "" {
		return "-"
	}
	const joiner = '\u200d' // between the parts of an emoji
	var b strings.Builder
	for _, r := range s {
		if unicode.IsPrint(r) || r == joiner {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// at is a time for people.
func at(ms int64) string {
	if ms == 0 {
		return ""
	}
	return time.UnixMilli(ms).UTC().Format(time.RFC3339)
}

// spent is a length of time for people: its two largest units.
func spent(ms int64) string {
	units := []struct {
		name string
		size int64
	}{{"d", 86400}, {"h", 3600}, {"min", 60}, {"s", 1}}
	seconds := ms / 1000
	for i, u := range units {
		if seconds < u.size {
			continue
		}
		text := fmt.Sprintf("%d %s", seconds/u.size, u.name)
		if i+1 < len(units) {
			if next := units[i+1]; seconds%u.size >= next.size {
				text += fmt.Sprintf(" %d %s", seconds%u.size/next.size, next.name)
			}
		}
		return text
	}
	return "0 s"
}

// count is how many there are of something, in words.
func count(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
