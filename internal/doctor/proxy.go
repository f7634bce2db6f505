package doctor

import (
	"fmt"
	"net"
	"strings"
	"time"
)

// Proxy is a proxy's configuration.
type Proxy interface {
	examine(*examination) []Check
	// towards is how it reaches throng.
	towards() route
	// beside says whether it runs on throng's machine, as far as its way there
	// tells.
	beside() bool
}

// route is how a proxy's connections reach throng.
type route struct {
	where   string
	sockets int    // Unix sockets: no ports
	pairs   int64  // of source address and destination
	ports   int64  // in ranges that the proxy names itself
	free    string // why no ports are needed
	unknown string
	near    bool // over loopback or a Unix socket
}

// transparent is why binding each client's own address needs no ports.
const transparent = "each client's own address is bound: the ports are the clients'"

// near says whether an address is of the machine itself.
func near(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// room judges how many clients a route carries.
func (r route) room(name string, e *examination) Check {
	c := Check{Name: name, Where: r.where, Needs: "-", Verdict: OK}
	total := r.ports + r.pairs*e.perPair()
	switch {
	case r.unknown != "":
		c.Is, c.Verdict, c.Why = "?", Unknown, r.unknown
	case r.sockets > 0:
		c.Is, c.Why = "Unix socket", "no ports to run out of"
	case r.free != "":
		c.Is, c.Why = "transparent", r.free
	case total == 0:
		c.Is, c.Verdict, c.Why = "nothing", Unknown, "no server to connect to was found"
	default:
		c.Is = fmt.Sprintf("%d ports from %s", total, plural(r.pairs, "source address", "source addresses"))
		if r.pairs == 0 {
			c.Is = fmt.Sprintf("%d ports, named in the file", total)
		}
		c.Needs = fmt.Sprintf("%d ports", e.s.Target)
		c.Verdict, c.Allows = judge(total, e.s.Target), total
		c.Why = fmt.Sprintf("%d ports for each source address and destination; a Unix socket needs none", e.perPair())
	}
	return c
}

// patience judges how long a proxy lets a connection be silent: it must not cut
// who throng still waits for.
func (e *examination) patience(name, where string, is time.Duration) Check {
	c := Check{
		Name: name, Where: where, Is: is.String(), Needs: "> " + e.s.Silence.String(), Verdict: OK,
		Why: "throng decides who is silent, and says why",
	}
	switch {
	case is <= 0:
		c.Is, c.Why = "none", "throng decides who is silent"
	case e.s.Ping > 0 && is <= e.s.Ping, e.s.Ping == 0 && is < e.s.Silence:
		c.Verdict = Wrong
		c.Why = "clients that are well and silent are cut: throng pings after " + e.s.Ping.String()
		if e.s.Ping == 0 {
			c.Why = "clients that are well and silent are cut: throng waits for " + e.s.Silence.String()
		}
	case is <= e.s.Silence:
		c.Verdict = Low
		c.Why = "the proxy cuts who is silent before throng can say why"
	}
	return c
}

// enough is how long a proxy should wait: half as long again.
func (e *examination) enough() string {
	return fmt.Sprintf("%ds", int64((e.s.Silence + e.s.Silence/2).Seconds()))
}

// hostOf cuts the port off.
func hostOf(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return strings.Trim(address, "[]")
}
