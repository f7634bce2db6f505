package doctor

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"throng/internal/doctor/haproxy"
)

// timeout: once both sides are connected the tunnel's holds, or else the shorter
// of both sides'.
func (h *HAProxy) timeout(w way, e *examination) Check {
	name := fmt.Sprintf("haproxy timeouts (%s, %s)", w.front.Name, w.back.Name)
	var lines []*haproxy.Line
	if d := w.back.Setting("timeout", "tunnel"); d != nil {
		lines = append(lines, d)
	} else {
		lines = append(lines, w.front.Setting("timeout", "client"), w.back.Setting("timeout", "server"))
	}
	least, where := time.Duration(0), w.back.Where()
	for _, l := range lines {
		if l == nil {
			continue // none: HAProxy waits for ever
		}
		is, ok := haproxy.Duration(l.Word(2))
		if !ok {
			return Check{Name: name, Where: l.Where(), Is: l.Word(2), Needs: "-", Verdict: Unknown, Why: "not a time"}
		}
		if least == 0 || is < least {
			least, where = is, l.Where()
		}
	}
	c := e.patience(name, where, least)
	c.mend = []mend{{h.config.File, "timeout tunnel " + e.enough()}}
	return c
}

// towards is how WebSockets reach throng.
func (h *HAProxy) towards() (r route) {
	type pair struct{ source, server string }
	pairs := map[pair]bool{}
	for _, w := range h.ways {
		for _, s := range w.back.Own("server") {
			if r.where == "" {
				r.where = s.Where()
			}
			address := s.Word(2)
			if strings.HasPrefix(address, "unix@") || strings.HasPrefix(address, "abns@") || strings.HasPrefix(address, "/") {
				r.sockets++
				r.near = true
				continue
			}
			_, bare, ok := strings.Cut(address, "@") // ipv4@, ipv6@
			if !ok {
				bare = address
			}
			r.near = r.near || near(hostOf(bare))
			source, clients := h.source(w.back, s)
			if clients {
				r.free = transparent
			}
			if p := (pair{source, bare}); !pairs[p] {
				pairs[p] = true
				if n := namedPorts(source); n > 0 {
					r.ports += n
				} else {
					r.pairs++
				}
			}
		}
	}
	return r
}

// source is where a server's connections come from; "" is the system's choice.
func (h *HAProxy) source(b *haproxy.Section, s *haproxy.Line) (address string, clients bool) {
	address, ok := option(b, s, "source")
	words := s.Words
	if d := b.Setting("source"); !ok && d != nil {
		address, words = d.Word(1), d.Words
	}
	return address, slices.Contains(words, "usesrc")
}

// namedPorts counts those of address:from-to.
func namedPorts(source string) int64 {
	_, ports, _ := strings.Cut(source, ":")
	from, to, ok := strings.Cut(ports, "-")
	first, err := number(from)
	last, err2 := number(to)
	if !ok || err != nil || err2 != nil || first < 1 || last < first || last > 65535 {
		return 0
	}
	return last - first + 1
}
