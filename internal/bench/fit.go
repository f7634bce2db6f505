package bench

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
)

// spareDescriptors are what a process needs besides its connections.
const spareDescriptors = 40

// fit chooses how many processes and source addresses a scenario needs on this
// machine, or says what would be possible. limit is how many descriptors a process
// may have, ports how many connections one address can make to another.
func (o *Options) fit(limit, ports int) error {
	users := o.Scenario.Count()
	if o.Processes < 0 {
		return fmt.Errorf("%d processes", o.Processes)
	}
	each := max(0, limit-spareDescriptors)
	o.Processes = min(o.Processes, users) // more would have nothing to do
	if o.Processes == 0 {
		o.Processes = max(1, (users+each-1)/max(1, each))
	}
	if most := (users + o.Processes - 1) / o.Processes; most > each {
		return fmt.Errorf("%d users in %d processes need %d descriptors each, and a process may have %d: "+
			"use --processes %d, raise the limit (ulimit -n), or have at most %d users",
			users, o.Processes, most+spareDescriptors, limit, (users+each-1)/max(1, each), each*o.Processes)
	}
	return o.fitPorts(users, ports)
}

// fitPorts sees to it that there are enough pairs of address and port. On the
// machine itself all of 127.0.0.0/8 can be had for that.
func (o *Options) fitPorts(users, ports int) error {
	s := o.Scenario
	each := max(1, ports*9/10) // others use some too
	places := map[string]int{} // users by address
	for i, t := range s.Targets {
		u, _ := url.Parse(t)
		places[u.Host] += users/len(s.Targets) + min(1, max(0, users%len(s.Targets)-i))
	}
	most, host := 0, ""
	for h, n := range places {
		if n > most {
			most, host = n, h
		}
	}
	if len(s.Sources) == 0 && o.local() {
		// Linux looks for a free port among half of them first, one after the other,
		// so it gets slow before they run out.
		each = max(1, ports*2/5)
	}
	need := (most + each - 1) / each
	if need <= max(1, len(s.Sources)) {
		return nil
	}
	if len(s.Sources) == 0 && o.local() {
		for i := range need {
			s.Sources = append(s.Sources, netip.AddrFrom4([4]byte{127, 0, byte(i / 250), byte(1 + i%250)}).String())
		}
		return nil
	}
	return fmt.Errorf("%d users connect to %s, and from one address only about %d can (net.ipv4.ip_local_port_range): "+
		"name %d source addresses with --source, or have at most %d users", most, host, each, need, each*max(1, len(s.Sources)))
}

// local reports whether all targets are on this machine's 127.0.0.1.
func (o *Options) local() bool {
	return !slices.ContainsFunc(o.Scenario.Targets, func(t string) bool {
		u, err := url.Parse(t)
		return err != nil || u.Hostname() != "localhost" && u.Hostname() != "127.0.0.1"
	})
}
