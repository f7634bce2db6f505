package doctor

import (
	"fmt"
	"strings"
)

// network are the kernel's settings of TCP.
func (e *examination) network() {
	e.backlog()
	e.handshakes()
	e.buffers()
	e.buffer("net.ipv4.tcp_rmem", "received for")
	e.buffer("net.ipv4.tcp_wmem", "waiting for")
}

// enoughBacklog connections wait a fifth of a second for a loop that accepts
// 20,000 a second (README: 39 µs of CPU for a connect and join). It is Linux's
// default since 5.4.
const enoughBacklog = 4096

// waiting is how many may come at once: all, when all come back after a cut.
func (e *examination) waiting() int64 { return min(e.s.Target, enoughBacklog) }

func (e *examination) backlog() {
	const name = "net.core.somaxconn"
	is, err := e.m.number(sysctlPath(name))
	if err != nil {
		e.add(unread(name, err))
		return
	}
	needs := e.waiting()
	e.add(Check{
		Name: name, Is: figure(is), Needs: figure(needs), Verdict: judge(is, needs),
		Why:  "connections that wait to be accepted when many come at once; the rest try again after a second",
		mend: []mend{sysctl(name, figure(needs))},
	})
}

// handshakes: the kernel looks at tcp_max_syn_backlog only where there are no SYN
// cookies; with them somaxconn bounds that queue as well.
func (e *examination) handshakes() {
	const name = "net.ipv4.tcp_max_syn_backlog"
	is, err := e.m.number(sysctlPath(name))
	if err != nil {
		e.add(unread(name, err))
		return
	}
	needs := e.waiting()
	c := Check{
		Name: name, Is: figure(is), Needs: figure(needs), Verdict: judge(is, needs),
		Why:  "handshakes under way, with SYN cookies off",
		mend: []mend{sysctl(name, figure(needs))},
	}
	if cookies, err := e.m.number(sysctlPath("net.ipv4.tcp_syncookies")); err == nil && cookies > 0 {
		c.Needs, c.Verdict, c.Why = "-", OK, "SYN cookies are on: then it refuses nobody"
	}
	e.add(c)
}

// buffers: tcp_mem is what all TCP buffers of the machine may take, in pages. An
// idle socket has none; one with anything queued has at least one page (measured
// with /proc/net/sockstat: 4,000 sockets with 64 unread bytes each, 3,775 pages).
// So one message to all takes a page for each connection.
func (e *examination) buffers() {
	const name = "net.ipv4.tcp_mem"
	is, err := e.m.numbers(sysctlPath(name), 3)
	if err != nil {
		e.add(unread(name, err))
		return
	}
	needs := e.s.Target
	if e.beside() {
		needs *= 2 // the proxy sends it once more
	}
	c := Check{
		Name: name, Is: join(is), Needs: fmt.Sprintf("pages, the last ≥ %d", needs), Verdict: judge(is[2], needs),
		Why:  fmt.Sprintf("a page of %d bytes for each connection that has something waiting, as when one message goes to all", e.m.page()),
		mend: []mend{sysctl(name, join([]int64{needs, needs + needs/2, 2 * needs}))},
	}
	total, err := e.m.meminfo("MemTotal")
	switch pages := total / e.m.page(); {
	case is[0] > is[1] || is[1] > is[2]:
		c.Verdict, c.Why = Wrong, "the three have to ascend: low, pressure, the most"
	case err == nil && is[2] > pages:
		c.Verdict = Wrong
		c.Why = fmt.Sprintf("these are pages, not bytes, and the machine has %d: nothing holds TCP back before memory is gone", pages)
		sane := max(pages/32, 1) // the kernel's own default: about 1/21, 1/16, 1/11 of memory
		if 2*needs <= pages {
			sane = max(sane, needs)
		}
		c.mend = []mend{sysctl(name, join([]int64{sane, sane + sane/2, 2 * sane}))}
	}
	e.add(c)
}

// minBuffer is what the kernel itself never goes below with the first of the three.
const minBuffer = 4096

// buffer: tcp_rmem and tcp_wmem are bytes for one socket: least, first, most.
// They are allowances; idle sockets take nothing of them.
func (e *examination) buffer(name, of string) {
	is, err := e.m.numbers(sysctlPath(name), 3)
	if err != nil {
		e.add(unread(name, err))
		return
	}
	c := Check{
		Name: name, Is: join(is), Needs: "bytes, ascending", Verdict: OK,
		Why: fmt.Sprintf("up to %s may be %s one client; only tcp_mem bounds all", size(is[2]), of),
	}
	if is[0] > is[1] || is[1] > is[2] {
		c.Verdict, c.Why = Wrong, "the three have to ascend: least, first, most"
	} else if is[1] < minBuffer {
		c.Verdict, c.Why = Low, "a connection begins with less than a page"
	}
	first := "131072" // Linux's defaults
	if name == "net.ipv4.tcp_wmem" {
		first = "16384"
	}
	c.mend = []mend{sysctl(name, "4096 "+first+" 4194304")}
	e.add(c)
}

func join(numbers []int64) string {
	return strings.Trim(fmt.Sprint(numbers), "[]")
}
