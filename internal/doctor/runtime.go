package doctor

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// runtime are the hints to Go's runtime, beside what the control group allows, and
// whether many writes can be one system call.
func (e *examination) runtime() {
	e.processorShare()
	e.memoryHint()
	e.ring()
}

// ring: without io_uring a server works as well, and takes longer for it.
func (e *examination) ring() {
	const without = "each message to each client is a system call of its own, which takes about twice the processor time"
	c := Check{Name: "io_uring", Is: "works", Needs: "-", Verdict: OK, Why: "many messages leave with one system call"}
	switch {
	case e.s.Goroutines || e.s.Engine == "epoll":
		c.Is, c.Why = "not asked for", "engine.kind does without"
	case e.m.PID != 0 || e.m.Ring == nil:
		c.Is, c.Why = "not tried", "what the process may do is not known here; it says at its start which engine it took"
	default:
		if err := e.m.Ring(); err != nil {
			c.Is, c.Why = err.Error(), without
			if e.s.Engine == "io_uring" {
				c.Verdict, c.Why = Wrong, "engine.kind insists on it, so that throng does not start; auto would do without"
			}
		}
	}
	e.add(c)
}

// variable is an environment variable of the process. Of another process two are
// looked up and nothing else is kept: secrets stand beside them.
func (m *Machine) variable(name string) (string, error) {
	env := m.Env
	if m.PID != 0 {
		text, err := m.text(m.proc("environ"))
		if err != nil {
			return "", err
		}
		env = strings.Split(text, "\x00")
	}
	for _, e := range env {
		if v, ok := strings.CutPrefix(e, name+"="); ok {
			return v, nil
		}
	}
	return "", nil
}

// processorShare: Go takes as many processors as cpu.max allows by itself. A larger
// GOMAXPROCS runs into the quota and then stands still for the rest of a period.
func (e *examination) processorShare() {
	const name = "cpu.max"
	share, err := e.m.processorLimit()
	if err != nil {
		e.add(unread(name, err))
		return
	}
	c := Check{Name: name, Is: "no limit", Needs: "-", Verdict: OK, Why: "no control group bounds the processors"}
	if !math.IsInf(share, 1) {
		c.Is = fmt.Sprintf("%.3g processors", share)
		c.Why = "Go uses as many by itself; a short burst may still be held up by the quota"
	}
	if set, err := e.m.variable("GOMAXPROCS"); err == nil && set != "" {
		if n, err := number(set); err == nil && float64(n) > math.Max(2, math.Ceil(share)) {
			c.Is += ", GOMAXPROCS=" + set
			c.Verdict, c.Why = Wrong, "GOMAXPROCS is above the quota: all stand still when it is used up; leave it unset"
		}
	}
	e.add(c)
}

func (e *examination) memoryHint() {
	const name = "GOMEMLIMIT"
	set, err := e.m.variable(name)
	if err != nil {
		e.add(unread(name, err))
		return
	}
	c := Check{Name: name, Is: set, Needs: "-", Verdict: OK, Why: "not set: the collector lets the heap grow to twice what lives"}
	f := e.footprint()
	hint, ok := memoryLimit(set)
	switch {
	case set == "":
		c.Is = "not set"
	case !ok:
		c.Verdict, c.Why = Wrong, "Go does not start with it: a number and B, KiB, MiB, GiB or TiB, or off"
	case hint >= unlimited:
		c.Why = "off"
	default:
		c.Needs, c.Verdict = size(f.ServerTotal), judge(hint, f.ServerTotal)
		c.Why = "over it the collector works without end; the kernel's memory does not count"
		if f.Limit > 0 && hint > f.Limit-f.KernelTotal/f.Sockets {
			c.Verdict = Wrong
			c.Why = "above what memory.max leaves beside the kernel's sockets: the collector won't help in time"
		}
	}
	if c.Failed() {
		c.mend = []mend{e.m.unit(fmt.Sprintf("Environment=GOMEMLIMIT=%dMiB", f.ServerTotal>>20+f.ServerTotal>>22))}
	}
	e.add(c)
}

// memoryLimit reads the notation of GOMEMLIMIT.
func memoryLimit(s string) (int64, bool) {
	if s == "off" {
		return math.MaxInt64, true
	}
	digits := strings.TrimRight(s, "BKMGTi")
	shift, ok := map[string]int{"": 0, "B": 0, "KiB": 10, "MiB": 20, "GiB": 30, "TiB": 40}[s[len(digits):]]
	n, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || n < 0 || n > math.MaxInt64>>shift {
		return 0, false
	}
	return n << shift, true
}
