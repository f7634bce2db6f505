package doctor

import (
	"fmt"
	"slices"

	"throng/internal/doctor/haproxy"
)

// HAProxyError is why ReadHAProxy can't read a text as a configuration.
type HAProxyError = haproxy.Error

// HAProxy is the configuration of an HAProxy.
type HAProxy struct {
	config *haproxy.Config
	ways   []way
}

// way is a frontend with a backend that its WebSockets may go to.
type way struct{ front, back *haproxy.Section }

// ReadHAProxy reads an HAProxy configuration; file is its name for messages.
func ReadHAProxy(file, text string, s *Subject) (*HAProxy, error) {
	c, err := haproxy.Parse(file, text)
	if err != nil {
		return nil, err
	}
	h := &HAProxy{config: c}
	for _, front := range c.Sections {
		if front.Kind != "frontend" && front.Kind != "listen" {
			continue
		}
		for _, back := range c.Backends(front, s.Path) {
			if len(back.Own("server")) > 0 {
				h.ways = append(h.ways, way{front, back})
			}
		}
	}
	return h, nil
}

func (h *HAProxy) beside() bool { return h.towards().near }

func (h *HAProxy) examine(e *examination) (checks []Check) {
	if g := h.config.Global(); g != nil {
		checks = append(checks, h.global(g, e)...)
	}
	if len(h.ways) == 0 {
		c := Check{
			Name: "haproxy backend", Where: h.config.File, Is: "none", Needs: e.s.Path, Verdict: Wrong,
			Why: "no frontend leads WebSockets to a backend with servers",
		}
		if h.config.Unclear() {
			c.Verdict, c.Why = Unknown, "a backend is chosen by an expression, or has its servers by a template"
		}
		return append(checks, c)
	}
	var fronts, backs []*haproxy.Section
	for _, w := range h.ways {
		if !slices.Contains(fronts, w.front) {
			fronts = append(fronts, w.front)
			checks = append(checks, h.frontend(w.front, e))
		}
		if !slices.Contains(backs, w.back) {
			backs = append(backs, w.back)
			checks = append(checks, h.servers(w.back, e)...)
		}
		checks = append(checks, h.timeout(w, e))
	}
	return append(checks, h.towards().room("haproxy source", e))
}

// descriptorsBeside is what HAProxy has open beside two for each connection:
// listeners, health checks, a poller for each thread.
const descriptorsBeside = 200

func (h *HAProxy) global(g *haproxy.Section, e *examination) (checks []Check) {
	const name = "haproxy maxconn (global)"
	d := g.Setting("maxconn")
	if d == nil {
		return []Check{{
			Name: name, Where: g.Where(), Is: "not set", Needs: figure(e.s.Target), Verdict: Unknown,
			Why: "HAProxy derives it from its limit on descriptors, two for each client; say it",
		}}
	}
	c := h.maxconn(name, d, e)
	c.Allows, _ = number(d.Word(1))
	checks = append(checks, c)
	is, err := number(d.Word(1))
	if err != nil || is > unlimited/4 {
		return checks
	}
	needs := 2*is + descriptorsBeside
	if u := g.Setting("ulimit-n"); u != nil {
		have, err := number(u.Word(1))
		if err != nil {
			return checks
		}
		return append(checks, Check{
			Name: "haproxy ulimit-n", Where: u.Where(), Is: figure(have), Needs: figure(needs), Verdict: judge(have, needs),
			Why:  "two descriptors for each client; without this line HAProxy raises its limit by itself",
			mend: []mend{{h.config.File, fmt.Sprintf("ulimit-n %d", roundUp(needs))}},
		})
	}
	if most, err := e.m.number(sysctlPath("fs.nr_open")); err == nil && most < needs {
		checks = append(checks, Check{
			Name: "haproxy descriptors", Where: d.Where(), Is: "fs.nr_open " + figure(most), Needs: figure(needs), Verdict: Low,
			Why:  "HAProxy does not start when it can't have two for each of its maxconn",
			mend: []mend{sysctl("fs.nr_open", figure(roundUp(needs)))},
		})
	}
	return checks
}

// maxconn judges a line that says how many connections there may be.
func (h *HAProxy) maxconn(name string, d *haproxy.Line, e *examination) Check {
	c := Check{
		Name: name, Where: d.Where(), Is: d.Word(1), Needs: figure(e.s.Target), Verdict: Unknown, Why: "not a number",
		mend: []mend{{h.config.File, fmt.Sprintf("maxconn %d # %s", e.s.Target, name)}},
	}
	if is, err := number(d.Word(1)); err == nil {
		c.Verdict, c.Allows, c.Why = judge(is, e.s.Target), is, "a client more waits and is not answered"
	}
	return c
}

func (h *HAProxy) frontend(f *haproxy.Section, e *examination) Check {
	name := fmt.Sprintf("haproxy maxconn (%s)", f.Name)
	if d := f.Setting("maxconn"); d != nil {
		return h.maxconn(name, d, e)
	}
	return Check{Name: name, Where: f.Where(), Is: "not set", Needs: "-", Verdict: OK, Why: "as many as global says"}
}

// servers: with maxconn for each server the rest waits in the queue.
func (h *HAProxy) servers(b *haproxy.Section, e *examination) []Check {
	var total int64
	for _, s := range b.Own("server") {
		text, ok := option(b, s, "maxconn")
		n, err := number(text)
		if !ok || err != nil || n == 0 {
			return nil // one has no bound
		}
		if !slices.Contains(s.Words, "backup") {
			total += min(n, absurd)
		}
	}
	first := b.Own("server")[0]
	return []Check{{
		Name: fmt.Sprintf("haproxy maxconn (servers of %s)", b.Name), Where: first.Where(), Is: figure(total), Needs: figure(e.s.Target),
		Verdict: judge(total, e.s.Target), Allows: max(1, total), Why: "of all servers together; who comes on top waits in the queue",
	}}
}

// option is an option of a server's line, or of the default-server lines.
func option(b *haproxy.Section, s *haproxy.Line, name string) (string, bool) {
	if v, ok := s.After(name); ok {
		return v, true
	}
	for at := b; at != nil; at = at.Defaults {
		for _, d := range slices.Backward(at.Own("default-server")) {
			if v, ok := d.After(name); ok {
				return v, true
			}
		}
	}
	return "", false
}
