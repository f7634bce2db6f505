package gateway_test

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"throng/internal/loop"
	"throng/test/million"
)

// perTurn is how many connections are ready in a turn, at the most: as many as
// epoll reports at once.
const perTurn = 512

// shift does something to all connections of a loop, some each turn, and takes
// the time of each turn. It goes on until nothing is left and over is set.
type shift struct {
	w       *crowd
	loop    int
	conns   []*loop.Conn
	do      func(c *loop.Conn)
	over    *atomic.Bool
	done    *sync.WaitGroup
	longest *million.Longest

	begun time.Duration // the turn, in processor time of the thread
}

// Run implements throng.Task.
func (s *shift) Run(int) {
	if s.begun == 0 {
		runtime.LockOSThread()
	} else {
		s.longest.Add(million.Thread() - s.begun)
	}
	s.begun = million.Thread()
	if len(s.conns) == 0 && s.over.Load() {
		runtime.UnlockOSThread()
		s.done.Done()
		return
	}
	some := min(perTurn, len(s.conns))
	for _, c := range s.conns[:some] {
		s.do(c)
	}
	s.conns = s.conns[some:]
	s.w.engine.Mailbox(s.loop).Post(s)
}

// turns watches all loops while f runs, and lets do be done to each connection if
// it is not nil. It returns the longest turn, in milliseconds of the processor.
func (w *crowd) turns(do func(c *loop.Conn), f func()) float64 {
	var longest million.Longest
	var over atomic.Bool
	var done sync.WaitGroup
	for i := range w.loops {
		s := &shift{w: w, loop: i, do: do, over: &over, done: &done, longest: &longest}
		if do != nil {
			s.conns = w.loops[i].conns
		}
		done.Add(1)
		w.engine.Mailbox(i).Post(s)
	}
	if f != nil {
		f()
	}
	over.Store(true)
	done.Wait()
	return longest.Millis()
}

// report is turns, and reports what each client cost the process.
func (w *crowd) report(b *testing.B, what string, clients int, do func(c *loop.Conn), f func()) {
	used, begin := million.Process(), time.Now()
	longest := w.turns(do, f)
	b.ReportMetric(float64((million.Process()-used).Nanoseconds())/float64(clients), "cpu-ns/"+what)
	b.ReportMetric(float64(time.Since(begin).Microseconds())/1e3, "ms/all-"+what)
	b.ReportMetric(longest, "longest-ms/"+what)
}

// settle waits until all loops have ended the turn under way.
func (w *crowd) settle() {
	var done sync.WaitGroup
	for i := range w.loops {
		done.Add(1)
		w.engine.Mailbox(i).Post(mark{&done})
	}
	done.Wait()
}

// mark is a task that says that it ran.
type mark struct{ done *sync.WaitGroup }

func (m mark) Run(int) { m.done.Done() }
