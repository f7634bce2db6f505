package gateway_test

import (
	"fmt"
	"testing"
	"time"

	"throng"
	"throng/internal/loop"
	"throng/test/million"
)

// BenchmarkMillionLoad is a day in the life of a million sessions, as fast as it
// goes: in each round everybody sends a heartbeat and gets a message, and a tenth
// closes and as many come. It is there to be run with other values of GOGC and
// GOMEMLIMIT, which it does not choose; see docs/benchmarks/million.md.
func BenchmarkMillionLoad(b *testing.B) {
	const loops, rounds = 2, 10
	n := million.Size(b)
	b.Run(fmt.Sprintf("sessions=%d", n), func(b *testing.B) {
		for b.Loop() {
			w := newCrowd(b, n, 1, loops)
			fresh := million.Fresh()
			w.come(b, n)
			before := million.Collections()
			used, watch := million.Process(), million.Watch(w.mailboxes()...)
			var longest million.Longest
			for range rounds {
				longest.Add(w.round(b, n))
			}
			waited := watch.Stop()
			after, now := million.Collections(), million.Now()
			spent := (million.Process() - used).Seconds()
			b.ReportMetric(spent/rounds, "cpu-s/round")
			b.ReportMetric(100*(after.Seconds-before.Seconds)/spent, "gc-%")
			b.ReportMetric(float64(after.Cycles-before.Cycles), "gc-cycles")
			b.ReportMetric(after.Pause(before), "gc-pause-ms")
			b.ReportMetric(longest.Millis(), "longest-turn-ms")
			b.ReportMetric(waited, "longest-wait-ms")
			b.ReportMetric(float64(now.Resident-fresh.Resident)/float64(n), "resident-B/session")
			b.ReportMetric(float64(now.Peak-fresh.Resident)/float64(n), "peak-B/session")
			w.whole(b, n, 1)
			w.stop(b)
		}
	})
}

// round returns its longest turn.
func (w *crowd) round(b *testing.B, n int) time.Duration {
	beats := w.turns(w.saying(said(beat)), nil)
	message := w.turns(nil, func() { w.publish(n) })
	w.settle()
	going := n / 10
	for i := range w.loops {
		conns := w.loops[i].conns[:(going+len(w.loops)-1-i)/len(w.loops)]
		w.engine.Mailbox(i).Post(&goodbye{w.engine.Mailbox(i), conns})
	}
	change := w.turns(nil, func() {
		for w.load() > n-going {
			w.settle()
		}
		w.forget(going)
		w.come(b, going)
	})
	return time.Duration(max(beats, message, change) * float64(time.Millisecond))
}

// goodbye closes connections, some each turn.
type goodbye struct {
	to    throng.Mailbox
	conns []*loop.Conn
}

// Run implements throng.Task.
func (g *goodbye) Run(int) {
	some := min(perTurn, len(g.conns))
	for _, c := range g.conns[:some] {
		c.Abort(nil)
	}
	if g.conns = g.conns[some:]; len(g.conns) > 0 {
		g.to.Post(g)
	}
}
