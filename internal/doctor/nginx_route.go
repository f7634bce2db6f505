package doctor

import (
	"strings"

	"throng/internal/doctor/nginx"
)

// upstream is the block that a location's proxy_pass names, or nil.
func (n *Nginx) upstream(l *nginx.Directive) *nginx.Directive {
	for _, u := range n.config.Root.Below("upstream") {
		if u.Arg(0) == target(l) {
			return u
		}
	}
	return nil
}

// target is the host of a location's proxy_pass, or unix:/path.
func target(l *nginx.Directive) string {
	_, rest, _ := strings.Cut(l.One("proxy_pass").Arg(0), "://")
	if strings.HasPrefix(rest, "unix:") {
		return rest
	}
	host, _, _ := strings.Cut(rest, "/")
	return host
}

// servers are the addresses that a location passes to.
func (n *Nginx) servers(l *nginx.Directive) (addresses []string) {
	if u := n.upstream(l); u != nil {
		for _, s := range u.All("server") {
			addresses = append(addresses, s.Arg(0))
		}
		return addresses
	}
	return []string{target(l)}
}

func allSockets(addresses []string) bool {
	for _, a := range addresses {
		if !strings.HasPrefix(a, "unix:") {
			return false
		}
	}
	return len(addresses) > 0
}

// towards is how WebSockets reach throng: by how many source addresses to how
// many servers. Several locations, of several server blocks, share them.
func (n *Nginx) towards() (r route) {
	type pair struct{ source, server string }
	pairs := map[pair]bool{}
	for _, l := range n.sockets {
		if r.where == "" {
			r.where = l.Where()
		}
		sources, unknown := n.sources(l)
		if l.Setting("proxy_bind").Arg(1) == "transparent" {
			r.free, unknown = transparent, ""
		}
		for _, server := range n.servers(l) {
			switch {
			case strings.HasPrefix(server, "unix:"):
				r.sockets++
				r.near = true
			case strings.HasPrefix(server, "$"):
				r.unknown = "the server is a variable"
			default:
				r.near = r.near || near(hostOf(server))
				if unknown != "" {
					r.unknown = unknown
				}
				for _, s := range sources {
					pairs[pair{s, server}] = true
				}
			}
		}
	}
	r.pairs = int64(len(pairs))
	return r
}

// sources are the addresses that a location's connections come from; "" is the
// system's choice.
func (n *Nginx) sources(l *nginx.Directive) (addresses []string, unknown string) {
	d := l.Setting("proxy_bind")
	bind := d.Arg(0)
	name, isVariable := strings.CutPrefix(bind, "$")
	switch {
	case d == nil, bind == "off":
		return []string{""}, ""
	case !isVariable:
		return []string{bind}, ""
	}
	for _, kind := range []string{"split_clients", "map"} {
		for _, m := range n.config.Root.Below(kind) {
			if m.Arg(1) != "$"+name {
				continue
			}
			seen := map[string]bool{}
			for _, line := range m.Block {
				if a := line.Arg(0); a != "" && !seen[a] {
					seen[a] = true
					addresses = append(addresses, a)
				}
			}
			return addresses, ""
		}
	}
	return nil, "$" + name + " is set where it can't be followed"
}
