package load

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"throng/internal/bench/scenario"
)

// Plan is a scenario and which part of it a process plays: of each group the users
// whose number over all groups is Agent modulo Agents.
type Plan struct {
	Scenario *scenario.Scenario
	Agent    int
	Agents   int
	// Offset is what has to be added to this machine's clock to get that of the
	// process that leads, in nanoseconds.
	Offset int64
}

// check returns what can't be played. A plan may come from another machine, with
// another version.
func (p *Plan) check() error {
	switch {
	case p.Scenario == nil:
		return errors.New("a plan without a scenario")
	case p.Agent < 0 || p.Agent >= p.Agents:
		return fmt.Errorf("a plan for number %d of %d", p.Agent, p.Agents)
	}
	return p.Scenario.Check()
}

// group is a group of users with its patterns read.
type group struct {
	*scenario.Users
	join    []scenario.Pattern
	scripts []script // of all phases
}

// script is a script with its patterns read.
type script struct {
	*scenario.Script
	channel []scenario.Pattern // of each step
	happens []*happens         // of each step; nil where it has nothing to do with events
}

func compile(s *scenario.Scenario) ([]group, error) {
	groups := make([]group, len(s.Users))
	for i := range s.Users {
		g := group{Users: &s.Users[i]}
		for _, name := range g.Join {
			p, err := scenario.ParsePattern(name)
			if err != nil {
				return nil, err
			}
			g.join = append(g.join, p)
		}
		for j := range g.Scripts {
			sc := script{Script: &g.Scripts[j]}
			for _, step := range sc.Steps {
				p, err := scenario.ParsePattern(step.Channel)
				if err != nil {
					return nil, err
				}
				sc.channel = append(sc.channel, p)
			}
			for k := range sc.Steps {
				h, err := measures(&sc.Steps[k])
				if err != nil {
					return nil, err
				}
				sc.happens = append(sc.happens, h)
			}
			g.scripts = append(g.scripts, sc)
		}
		groups[i] = g
	}
	return groups, nil
}

// target is a server to connect to.
type target struct {
	index  int
	addr   string // host:port
	host   string // for the Host header and TLS
	secure bool
	path   string // with the query so far
	params map[string]string
}

func parseTargets(s *scenario.Scenario) ([]*target, error) {
	var all []*target
	for i, text := range s.Targets {
		u, err := url.Parse(text)
		if err != nil {
			return nil, err
		}
		t := &target{index: i, addr: net.JoinHostPort(u.Hostname(), port(u)), host: u.Host, secure: u.Scheme == "wss", path: u.EscapedPath(), params: s.Params}
		if s.Wire == "phoenix" {
			// What phoenix.js is given is the mount; who copies the URL from a browser's tools has the rest.
			t.path = strings.TrimSuffix(strings.TrimSuffix(t.path, "/"), "/websocket") + "/websocket?vsn=2.0.0"
			if u.RawQuery != "" {
				t.path += "&" + u.RawQuery
			}
		} else {
			if t.path == "" {
				t.path = "/"
			}
			if u.RawQuery != "" {
				t.path += "?" + u.RawQuery
			}
		}
		all = append(all, t)
	}
	return all, nil
}

func port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "wss":
		return "443"
	default:
		return "80"
	}
}

// request is the request target for a user of a group.
func (t *target) request(user int, group string) string {
	if len(t.params) == 0 {
		return t.path
	}
	var b strings.Builder
	b.WriteString(t.path)
	sep := "?"
	if strings.Contains(t.path, "?") {
		sep = "&"
	}
	for name, value := range t.params {
		value = strings.NewReplacer("{user}", strconv.Itoa(user), "{group}", group).Replace(value)
		fmt.Fprintf(&b, "%s%s=%s", sep, url.QueryEscape(name), url.QueryEscape(value))
		sep = "&"
	}
	return b.String()
}
