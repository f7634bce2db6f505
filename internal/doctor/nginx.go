package doctor

import (
	"io/fs"
	"strings"

	"throng/internal/doctor/nginx"
)

// NginxError is why ReadNginx can't read a file as a configuration.
type NginxError = nginx.Error

// Nginx is the configuration of an nginx.
type Nginx struct {
	file    string
	config  *nginx.Config
	sockets []*nginx.Directive // the locations that pass WebSockets on, one a server
	polls   []*nginx.Directive
}

// ReadNginx reads an nginx configuration and what it includes. fsys is rooted where
// absolute paths begin. s says which paths matter.
func ReadNginx(fsys fs.FS, name string, s *Subject) (*Nginx, error) {
	c, err := nginx.Parse(fsys, name)
	if err != nil {
		return nil, err
	}
	n := &Nginx{file: "/" + name, config: c}
	for _, server := range c.Servers() {
		if l := nginx.Location(server, s.Path); l != nil && l.One("proxy_pass") != nil {
			n.sockets = append(n.sockets, l)
		}
		if s.Poll == "" {
			continue
		}
		if l := nginx.Location(server, s.Poll); l != nil && l.One("proxy_pass") != nil {
			n.polls = append(n.polls, l)
		}
	}
	return n, nil
}

func (n *Nginx) beside() bool { return n.towards().near }

func (n *Nginx) examine(e *examination) (checks []Check) {
	for _, d := range n.config.Missing {
		checks = append(checks, Check{
			Name: "nginx include", Where: d.Where(), Is: d.Arg(0), Needs: "-", Verdict: Unknown,
			Why: "the file can't be read here; what it says is not judged",
		})
	}
	if root := n.config.Root; root.One("events") != nil || root.One("http") != nil {
		checks = append(checks, n.workers(e)...)
	}
	if len(n.sockets) == 0 {
		c := Check{
			Name: "nginx location", Where: n.file, Is: "none", Needs: e.s.Path, Verdict: Wrong,
			Why: "no location passes throng's WebSockets on (proxy_pass)",
		}
		if len(n.config.Missing) > 0 || n.config.Unclear() {
			c.Verdict, c.Why = Unknown, "a location may be in a file that can't be read, or have an expression that can't be followed"
		}
		return append(checks, c)
	}
	for _, l := range n.sockets {
		checks = append(checks, n.upgrade(l)...)
		checks = append(checks, n.timeout(l, e))
	}
	checks = append(checks, n.towards().room("nginx proxy_bind", e))
	for _, l := range n.polls {
		checks = append(checks, n.polling(l)...)
	}
	return checks
}

// upgrade: without HTTP/1.1 and both headers no WebSocket comes through.
func (n *Nginx) upgrade(l *nginx.Directive) []Check {
	version := l.Setting("proxy_http_version")
	v := Check{Name: "nginx proxy_http_version", Where: l.Where(), Is: version.Arg(0), Needs: "1.1", Verdict: OK, Why: "WebSockets are an upgrade of HTTP/1.1"}
	if v.Is != "1.1" {
		v.Verdict, v.mend = Wrong, []mend{{n.file, "proxy_http_version 1.1;"}}
		if v.Is == "" {
			v.Is = "not set"
		}
	}
	values := map[string]string{}
	for _, h := range l.Inherited("proxy_set_header") {
		values[strings.ToLower(h.Arg(0))] = strings.ToLower(h.Arg(1))
	}
	u := Check{
		Name: "nginx upgrade headers", Where: l.Where(), Needs: "Upgrade, Connection", Verdict: OK,
		Is:  "both",
		Why: "nginx passes neither on by itself, and a level that sets one header inherits none",
	}
	upgrade, connection := values["upgrade"], values["connection"]
	switch {
	case upgrade != "$http_upgrade" && upgrade != "websocket":
		u.Is, u.Verdict = "no Upgrade", Wrong
	case !strings.Contains(connection, "upgrade") && !strings.HasPrefix(connection, "$"):
		u.Is, u.Verdict = "no Connection", Wrong
	}
	if u.Failed() {
		u.mend = []mend{{n.file, "proxy_set_header Upgrade $http_upgrade;"}, {n.file, "proxy_set_header Connection upgrade;"}}
	}
	return []Check{v, u}
}

// defaultReadTimeout is nginx's own.
const defaultReadTimeout = "60s"

func (n *Nginx) timeout(l *nginx.Directive, e *examination) Check {
	where, text := l.Where(), defaultReadTimeout
	if d := l.Setting("proxy_read_timeout"); d != nil {
		where, text = d.Where(), d.Arg(0)
	}
	const name = "nginx proxy_read_timeout"
	is, ok := nginx.Duration(text)
	if !ok {
		return Check{Name: name, Where: where, Is: text, Needs: "-", Verdict: Unknown, Why: "not a time"}
	}
	c := e.patience(name, where, is)
	c.mend = []mend{{n.file, "proxy_read_timeout " + e.enough() + ";"}}
	return c
}

// polling: long-polls are ordinary requests, many of them.
func (n *Nginx) polling(l *nginx.Directive) []Check {
	buffering := l.Setting("proxy_buffering").Arg(0)
	b := Check{Name: "nginx proxy_buffering", Where: l.Where(), Is: buffering, Needs: "-", Verdict: OK, Why: "answers of long-polls are passed on as they come"}
	if buffering != "off" {
		b.Is, b.Why = "on", "each long-poll takes buffers for its answer; off takes fewer and loses nothing"
	}
	k := Check{Name: "nginx keepalive", Where: l.Where(), Is: "none", Needs: "some", Verdict: OK, Why: "long-polls use connections to throng again"}
	up := n.upstream(l)
	if up == nil || up.One("keepalive") == nil {
		k.Verdict = Low
		k.Why = "each long-poll opens a connection to throng, whose port stays taken for a minute"
		k.mend = []mend{{n.file, "keepalive 64; # in an upstream block"}}
	} else {
		k.Where, k.Is = up.One("keepalive").Where(), up.One("keepalive").Arg(0)
	}
	if allSockets(n.servers(l)) && k.Failed() {
		k.Verdict, k.Why = OK, "a Unix socket takes no ports"
	}
	return []Check{b, k}
}
