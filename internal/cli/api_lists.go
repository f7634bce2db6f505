package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

type channelsCommand struct {
	asking
	Pattern string `arg:"" optional:"" help:"Only channels that match, such as 'room:*'."`
	Limit   int    `help:"The most that are listed." placeholder:"N" default:"1000"`
}

// Run implements the command.
func (c *channelsCommand) Run(r *run) error {
	all := map[string]struct {
		NumClients int `json:"num_clients"`
	}{}
	cursor, more := "", false
	for {
		page := struct {
			Channels *map[string]struct {
				NumClients int `json:"num_clients"`
			}
			Next string
		}{Channels: &all}
		request := map[string]any{"pattern": c.Pattern, "limit": min(max(c.Limit-len(all), 1), 1000), "cursor": cursor}
		if err := c.page(r, "channels", request, &page); err != nil {
			return err
		}
		if cursor = page.Next; cursor == "" || len(all) >= c.Limit {
			more = cursor != ""
			break
		}
	}
	if c.JSON {
		b, err := json.Marshal(all)
		return orWrite(r, b, err)
	}
	w := tabwriter.NewWriter(r.stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "CHANNEL\tCLIENTS")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(w, "%s\t%d\n", name, all[name].NumClients)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return tellMore(r.stderr, more)
}

// page asks for one page of a list.
func (a *asking) page(r *run, method string, request, into any) error {
	answer, err := a.call(r, method, request)
	if err != nil {
		return err
	}
	return json.Unmarshal(answer, into)
}

func tellMore(w io.Writer, more bool) error {
	if !more {
		return nil
	}
	_, err := fmt.Fprintln(w, "there are more: --limit")
	return err
}

type connectionsCommand struct {
	asking
	User      string `help:"Only this user's." placeholder:"USER"`
	Channel   string `help:"Only those that subscribe to this channel." placeholder:"CHANNEL"`
	Client    string `help:"Only this client." placeholder:"CLIENT"`
	Transport string `help:"Only those over this transport." placeholder:"NAME"`
	Limit     int    `help:"The most that are listed." placeholder:"N" default:"1000"`
}

type listedConnection struct {
	Client      string   `json:"client"`
	User        string   `json:"user"`
	Transport   string   `json:"transport"`
	Wire        string   `json:"wire"`
	Address     string   `json:"address,omitempty"`
	Since       int64    `json:"since,omitempty"`
	ExpireAt    int64    `json:"expire_at,omitempty"`
	Channels    []string `json:"channels"`
	NumChannels int      `json:"num_channels"`
	Queued      int      `json:"queued"`
}

// Run implements the command.
func (c *connectionsCommand) Run(r *run) error {
	all, cursor := []listedConnection{}, ""
	for {
		var page struct {
			Connections []listedConnection
			Next        string
		}
		request := map[string]any{
			"user": c.User, "channel": c.Channel, "client": c.Client, "transport": c.Transport,
			"limit": min(max(c.Limit-len(all), 1), 1000), "cursor": cursor,
		}
		if err := c.page(r, "connections", request, &page); err != nil {
			return err
		}
		all = append(all, page.Connections...)
		if cursor = page.Next; cursor == "" || len(all) >= c.Limit {
			break
		}
	}
	if c.JSON {
		b, err := json.Marshal(all)
		return orWrite(r, b, err)
	}
	w := tabwriter.NewWriter(r.stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "CLIENT\tUSER\tTRANSPORT\tWIRE\tADDRESS\tSINCE\tQUEUED\tCHANNELS")
	for i := range all {
		fmt.Fprintln(w, all[i].row())
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return tellMore(r.stderr, cursor != "")
}

func (l *listedConnection) row() string {
	since := "-"
	if l.Since != 0 {
		since = time.UnixMilli(l.Since).UTC().Format(time.RFC3339)
	}
	const shown = 5
	channels := strings.Join(l.Channels[:min(shown, len(l.Channels))], " ")
	if more := l.NumChannels - min(shown, len(l.Channels)); more > 0 {
		channels += fmt.Sprintf(" and %d more", more)
	}
	return strings.Join([]string{
		l.Client, dash(l.User), l.Transport, l.Wire, dash(l.Address), since, fmt.Sprint(l.Queued), dash(channels),
	}, "\t")
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

type disconnectCommand struct {
	asking
	User   string `help:"This user's connections." placeholder:"USER"`
	Client string `help:"This client's." placeholder:"CLIENT"`
	Code   int    `help:"The close code, from 3000 to 4999." placeholder:"CODE"`
	Reason string `help:"The reason." placeholder:"TEXT"`
}

// Run implements the command.
func (c *disconnectCommand) Run(r *run) error {
	if c.User == "" && c.Client == "" {
		return wrongUse(errors.New("say whom: --user, --client, or both"), "`throng connections` lists all")
	}
	if c.Code == 0 && c.Reason != "" {
		c.Code = 3503
	}
	request := map[string]any{"user": c.User, "client": c.Client}
	if c.Code != 0 {
		request["disconnect"] = map[string]any{"code": c.Code, "reason": c.Reason}
	}
	answer, err := c.call(r, "disconnect", request)
	if err != nil || c.JSON {
		return orWrite(r, answer, err)
	}
	var n struct{ Connections int }
	if err := json.Unmarshal(answer, &n); err != nil {
		return err
	}
	_, err = fmt.Fprintf(r.stdout, "connections %d\n", n.Connections)
	return err
}
