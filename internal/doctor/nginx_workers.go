package doctor

import (
	"fmt"
	"strconv"
)

// absurd is more than any machine carries; products of two don't overflow.
const absurd = 1 << 30

// Defaults of nginx.
const (
	defaultWorkers           = 1
	defaultWorkerConnections = 512
)

// workers: all workers together have workers × worker_connections, and a client
// takes two.
func (n *Nginx) workers(e *examination) []Check {
	root := n.config.Root
	each, where := int64(defaultWorkerConnections), n.file
	if events := root.One("events"); events != nil {
		if d := events.One("worker_connections"); d != nil {
			where = d.Where()
			var err error
			if each, err = number(d.Arg(0)); err != nil {
				return []Check{{Name: "nginx worker_connections", Where: where, Is: d.Arg(0), Needs: "-", Verdict: Unknown, Why: "not a number"}}
			}
		}
	}
	count, err := int64(defaultWorkers), error(nil)
	if d := root.One("worker_processes"); d != nil {
		if d.Arg(0) == "auto" {
			count, err = e.m.processors()
		} else {
			count, err = number(d.Arg(0))
		}
	}
	const name = "nginx worker_connections"
	if err != nil || count < 1 {
		return []Check{{Name: name, Where: where, Is: strconv.FormatInt(each, 10), Needs: "-", Verdict: Unknown, Why: "it is not known how many workers there are"}}
	}
	each, count = min(each, absurd), min(count, absurd)
	needs := (2*e.s.Target + count - 1) / count
	c := Check{
		Name: name, Where: where, Is: fmt.Sprintf("%d × %d", count, each), Needs: fmt.Sprintf("%d × %d", count, needs),
		Verdict: judge(each, needs), Allows: max(1, count*each/2),
		Why:  plural(count, "worker", "workers") + "; a client takes two connections, one to each side",
		mend: []mend{{n.file, fmt.Sprintf("worker_connections %d;", roundUp(needs))}},
	}
	if c.Failed() { // then the workers' descriptors have to grow as well
		if d := n.workerDescriptors(roundUp(needs), roundUp(needs)); d.Failed() {
			c.mend = append(c.mend, d.mend...)
		}
	}
	return []Check{c, n.workerDescriptors(each, max(each, roundUp(needs)))}
}

// workerDescriptors: nginx does not raise its limit by itself.
func (n *Nginx) workerDescriptors(each, wanted int64) Check {
	const usual, rest = 1024, 64 // the soft limit of most systems; listeners and files
	c := Check{
		Name: "nginx worker_rlimit_nofile", Where: n.file, Is: "not set", Needs: figure(each + rest), Verdict: OK,
		Why:  "a descriptor for each of a worker's connections, and some for files",
		mend: []mend{{n.file, fmt.Sprintf("worker_rlimit_nofile %d;", roundUp(wanted+rest))}},
	}
	d := n.config.Root.One("worker_rlimit_nofile")
	if d == nil {
		if each+rest > usual {
			c.Verdict, c.Why = Low, "without it the soft limit holds, usually 1024"
		}
		return c
	}
	c.Where, c.Is = d.Where(), d.Arg(0)
	is, err := number(d.Arg(0))
	if err != nil {
		c.Verdict, c.Why = Unknown, "not a number"
		return c
	}
	c.Verdict = judge(is, each+rest)
	return c
}
