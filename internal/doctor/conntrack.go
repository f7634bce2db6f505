package doctor

import (
	"errors"
	"fmt"
	"io/fs"
)

// conntrack: where the firewall keeps track of connections, each has an entry,
// those over loopback as well. A full table drops packets of new ones.
func (e *examination) conntrack() {
	const name = "net.netfilter.nf_conntrack_max"
	is, err := e.m.number(sysctlPath(name))
	if errors.Is(err, fs.ErrNotExist) {
		e.add(Check{Name: name, Is: "absent", Needs: "-", Verdict: OK, Why: "connections are not tracked here"})
		return
	}
	count := int64(0)
	if err == nil {
		count, err = e.m.number(sysctlPath("net.netfilter.nf_conntrack_count"))
	}
	if err != nil {
		e.add(unread(name, err))
		return
	}
	each := int64(1)
	for _, p := range e.proxies {
		if p.beside() && p.towards().sockets == 0 {
			each = 2 // from the client, and from the proxy
		}
	}
	needs := count + each*e.s.Target
	c := Check{
		Name: name, Is: figure(is), Needs: figure(needs), Verdict: judge(is, needs),
		Allows: max(1, (is-count)/each),
		Why:    fmt.Sprintf("an entry for each tracked connection; %d are there, and a full table refuses new ones", count),
		mend:   []mend{sysctl(name, figure(roundUp(needs)))},
	}
	if count == 0 && c.Failed() {
		// The table is there as soon as the module is; without rules that ask
		// for it nothing is tracked.
		c.Verdict, c.Allows, c.Why = Unknown, 0, "nothing is tracked now; this matters if the firewall's rules look at states"
	}
	e.add(c)
}
