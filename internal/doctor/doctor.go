// Package doctor looks at a machine and says what would keep a server from the
// connections it is meant to hold: descriptors, what the kernel allows, memory,
// control groups, and the proxies in front.
//
// All is read below a root, files of /proc and /sys and the configurations that
// are named, and nothing is changed. What a figure is compared with is named and
// explained where it is used; docs/doctor.md has them all.
package doctor

import "time"

// DefaultTarget is how many connections a machine is examined for when nobody
// says: what the files of deploy/ are made for.
const DefaultTarget = 100_000

// Subject is the server that is meant to run on the machine.
type Subject struct {
	Target int64 // connections
	// Within is how many connections the server accepts under a limit on
	// descriptors: its own rule, so that there is no second one.
	Within     func(descriptors int64) int64
	TLS        bool   // it ends TLS itself
	Goroutines bool   // connections are carried by goroutines, not by loops
	Engine     string // engine.kind, as configured
	Ports      []int  // that it listens on
	// Path is where its WebSockets connect, Poll where its long-polls do, "" for
	// none.
	Path, Poll string
	Ping       time.Duration // after which silent clients are asked, 0 for never
	Silence    time.Duration // after which they are dropped
}

// descriptors is the smallest limit on descriptors that lets a server accept the
// target.
func (s *Subject) descriptors() int64 {
	low, high := s.Target, 2*s.Target+1024
	for low < high {
		if middle := low + (high-low)/2; s.Within(middle) >= s.Target {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low
}

// examination is one look at a machine.
type examination struct {
	m       *Machine
	s       *Subject
	proxies []Proxy
	checks  []Check
}

func (e *examination) add(c ...Check) { e.checks = append(e.checks, c...) }

// Examine looks at everything.
func Examine(m *Machine, s *Subject, proxies ...Proxy) *Report {
	e := &examination{m: m, s: s, proxies: proxies}
	r := &Report{Target: s.Target, System: m.System, Process: m.process(), Memory: e.footprint(), own: m.PID == 0 && m.linux()}
	e.bounds()
	if m.linux() {
		e.network()
		e.ports()
		e.groups()
		e.runtime()
	}
	for _, p := range proxies {
		e.add(p.examine(e)...)
	}
	r.finish(e.checks)
	return r
}

// Bounds looks only at what ends the growth of a server, and returns what does so
// before the target.
func Bounds(m *Machine, s *Subject) (short []Check) {
	e := &examination{m: m, s: s}
	e.bounds()
	for _, c := range e.checks {
		if c.Allows > 0 && c.Allows < s.Target {
			short = append(short, c)
		}
	}
	return short
}

// bounds are the checks that say how many connections something allows.
func (e *examination) bounds() {
	e.processDescriptors()
	if !e.m.linux() {
		return
	}
	e.systemDescriptors()
	e.watches()
	e.conntrack()
	e.machineMemory()
	e.groupMemory()
}

// beside says whether a proxy runs on the same machine: then the machine carries
// its connections too.
func (e *examination) beside() bool {
	for _, p := range e.proxies {
		if p.beside() {
			return true
		}
	}
	return false
}
