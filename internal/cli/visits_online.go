package cli

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

type visitsOnlineCommand struct {
	asking
	Channel  string `help:"Who is in this channel." placeholder:"CHANNEL"`
	Watching bool   `help:"Who watches the channel."`
	Node     string `help:"Only on this node." placeholder:"NAME"`
	Prefix   string `help:"Only users whose names begin so." placeholder:"TEXT"`
	Count    bool   `help:"Only how many they are."`
	Limit    int    `help:"The most that are listed." placeholder:"N" default:"1000"`
}

type onlineUser struct {
	User  string   `json:"user"`
	Since int64    `json:"since"`
	MS    int64    `json:"ms"`
	Nodes []string `json:"nodes"`
}

// Run implements the command.
func (c *visitsOnlineCommand) Run(r *run) error {
	all := struct {
		Total int64        `json:"total"`
		Users []onlineUser `json:"users"`
	}{Users: []onlineUser{}}
	request := map[string]any{"channel": c.Channel, "kind": kindOf(c.Watching), "node": c.Node, "prefix": c.Prefix, "count": c.Count}
	more, err := pages(r, &c.asking, "visits_online", request, c.Limit, func(answer json.RawMessage) (n int, err error) {
		var page struct {
			Total int64
			Users []onlineUser
		}
		err = json.Unmarshal(answer, &page)
		all.Total, all.Users = page.Total, append(all.Users, page.Users...)
		return len(page.Users), err
	})
	if err != nil || c.JSON {
		b, failed := json.Marshal(&all)
		return orWrite(r, b, firstError(err, failed))
	}
	if _, err := fmt.Fprintln(r.stdout, count(all.Total, "user is here", "users are here")); err != nil || c.Count || len(all.Users) == 0 {
		return err
	}
	w := tableOf(r.stdout, "USER", "SINCE", "FOR", "NODES")
	for _, u := range all.Users {
		row(w, u.User, at(u.Since), spent(u.MS), strings.Join(u.Nodes, " "))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return tellMore(r.stderr, more)
}

func firstError(list ...error) error {
	for _, err := range list {
		if err != nil {
			return err
		}
	}
	return nil
}

// pages asks for pages of a list until there are enough entries; take counts those of
// an answer. more says that the list goes on.
func pages(r *run, a *asking, method string, request map[string]any, limit int, take func(json.RawMessage) (int, error)) (more bool, err error) {
	const most = 1000
	for have := 0; ; {
		request["limit"] = min(max(limit-have, 1), most)
		answer, err := a.call(r, method, request)
		if err != nil {
			return false, err
		}
		n, err := take(answer)
		if err != nil {
			return false, err
		}
		var end struct{ Next string }
		if err := json.Unmarshal(answer, &end); err != nil {
			return false, err
		}
		if have += n; end.Next == "" || have >= limit {
			return end.Next != "", nil
		}
		request["cursor"] = end.Next
	}
}

type visitsUserCommand struct {
	asking
	User string `arg:"" help:"The user."`
	visitsSpan
}

// userReport is what there is to say of a user.
type userReport struct {
	User       string
	Online     bool
	Since      int64
	Nodes      []string
	Here       map[string]int
	Open       []visit
	From, To   int64
	MS, Visits int64
	Channels   []struct {
		Channel        string
		MS, Visits     int64
		WatchingMS     int64 `json:"watching_ms"`
		WatchingVisits int64 `json:"watching_visits"`
	}
}

// Run implements the command.
func (c *visitsUserCommand) Run(r *run) error {
	request := map[string]any{"user": c.User}
	c.visitsSpan.into(request)
	answer, err := c.call(r, "visits_user", request)
	if err != nil || c.JSON {
		return orWrite(r, answer, err)
	}
	var u userReport
	if err := json.Unmarshal(answer, &u); err != nil {
		return err
	}
	return u.write(r)
}

func (u *userReport) write(r *run) error {
	fmt.Fprintf(r.stdout, "%s is %s\n", shown(u.User), u.where())
	fmt.Fprintf(r.stdout, "from %s to %s: %s here in %s\n", at(u.From), at(u.To), spent(u.MS), count(u.Visits, "visit", "visits"))
	if len(u.Channels) == 0 {
		return nil
	}
	w := tableOf(r.stdout, "CHANNEL", "TIME", "VISITS", "WATCHING")
	for _, s := range u.Channels {
		row(w, s.Channel, spent(s.MS), fmt.Sprint(s.Visits), spent(s.WatchingMS))
	}
	return w.Flush()
}

// where says in words where a user is.
func (u *userReport) where() string {
	if !u.Online {
		return "not here"
	}
	text := "here since " + at(u.Since) + " on " + shown(strings.Join(u.Nodes, ", "))
	for _, node := range slices.Sorted(maps.Keys(u.Here)) {
		text += fmt.Sprintf(" (%s on %s)", count(int64(u.Here[node]), "connection", "connections"), shown(node))
	}
	return text
}
