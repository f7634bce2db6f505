package loop

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"throng"
)

type numbered struct{ poster, n int }

func (numbered) Run(int) {}

// TestMailbox has many posters and a loop that sleeps whenever the mailbox lets
// it: nothing may be lost, out of order, or slept over.
func TestMailbox(t *testing.T) {
	const posters, each = 8, 5000
	var m mailbox
	wakes := make(chan struct{}, 1)
	for p := range posters {
		go func() {
			for i := range each {
				wake, ok := m.post(numbered{p, i})
				if !ok {
					t.Error("refused")
				}
				if wake {
					select {
					case wakes <- struct{}{}:
					default:
					}
				}
				if i%7 == 0 {
					runtime.Gosched()
				}
			}
		}()
	}
	var next [posters]int
	for got := 0; got < posters*each; {
		if m.sleep() {
			select {
			case <-wakes:
			case <-time.After(20 * time.Second):
				t.Fatalf("slept over a task after %d", got)
			}
			m.awake()
		}
		tasks := m.take()
		for i, task := range tasks {
			tasks[i] = nil
			n := task.(numbered)
			if next[n.poster] != n.n {
				t.Fatalf("%v came, %d was due", n, next[n.poster])
			}
			next[n.poster]++
			got++
		}
	}
	if rest := m.take(); len(rest) > 0 {
		t.Errorf("%d tasks too many", len(rest))
	}
}

func TestMailboxWakesOnce(t *testing.T) {
	var m mailbox
	wakes := func() bool { wake, _ := m.post(numbered{}); return wake }
	if wakes() {
		t.Error("a wake for a loop that is awake")
	}
	if m.sleep() {
		t.Error("sleeps with work")
	}
	m.take()
	if !m.sleep() || !wakes() || wakes() {
		t.Error("the first post wakes, the second doesn't")
	}
	m.take()
	m.sleep()
	if m.awake(); wakes() {
		t.Error("a wake for a loop that has woken up by itself")
	}
}

func TestMailboxClose(t *testing.T) {
	var m mailbox
	m.post(numbered{n: 1})
	if rest := m.close(); len(rest) != 1 {
		t.Errorf("%d tasks were left", len(rest))
	}
	if _, ok := m.post(numbered{n: 2}); ok || len(m.take()) > 0 {
		t.Error("a closed mailbox takes tasks")
	}
}

func TestMailboxFreesBursts(t *testing.T) {
	var m mailbox
	for range 100_000 {
		m.post(numbered{})
	}
	taken := 0
	for tasks := m.take(); len(tasks) > 0; tasks = m.take() {
		taken += len(tasks)
		clear(tasks)
	}
	if taken != 100_000 {
		t.Errorf("%d tasks were taken", taken)
	}
	kept := 0
	for _, b := range []*batch{m.first, m.lent, m.spare} {
		for ; b != nil; b = b.next {
			kept++
		}
	}
	if kept > 2 {
		t.Errorf("%d batches are kept", kept)
	}
}

func BenchmarkPost(b *testing.B) {
	e, err := New(Options{Loops: 1})
	if err != nil {
		b.Fatal(err)
	}
	e.Start()
	defer func() { _ = e.Stop(b.Context()) }()
	var done sync.WaitGroup
	count := &countdown{done: &done}
	b.ReportAllocs()
	for b.Loop() {
		done.Add(1)
		e.loops[0].Post(count)
	}
	done.Wait()
}

type countdown struct{ done *sync.WaitGroup }

func (c *countdown) Run(int) { c.done.Done() }

var _ throng.Task = (*countdown)(nil)
