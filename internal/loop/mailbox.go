package loop

import (
	"sync"

	"throng"
)

// mailbox is a loop's queue of tasks. It consists of batches, each of which is what
// the loop runs in a turn: it grows without copying what waits, which would stop
// those who post.
type mailbox struct {
	mu     sync.Mutex
	first  *batch // nil when there is nothing
	last   *batch
	asleep bool // the loop waits for readiness and must be woken
	closed bool
	lent   *batch // what take returned last
	spare  *batch // to use again
}

type batch struct {
	tasks [batchTasks]throng.Task
	n     int
	next  *batch
}

const batchTasks = 510 // as many as epoll reports connections, and 8 KiB in all

// post adds a task and reports whether the loop must be woken.
func (m *mailbox) post(t throng.Task) (wake, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return false, false
	}
	if m.last == nil || m.last.n == batchTasks {
		m.extend()
	}
	m.last.tasks[m.last.n] = t
	m.last.n++
	wake, m.asleep = m.asleep, false
	return wake, true
}

func (m *mailbox) extend() {
	b := m.spare
	if m.spare = nil; b == nil {
		b = new(batch)
	}
	if m.last == nil {
		m.first = b
	} else {
		m.last.next = b
	}
	m.last = b
}

// sleep announces that the loop is about to wait; it says no when there is work.
func (m *mailbox) sleep() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asleep = m.first == nil
	return m.asleep
}

// awake takes sleep's announcement back: the loop is on its way to take, so what
// its own handlers post needs no wake.
func (m *mailbox) awake() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asleep = false
}

// take returns the tasks that were posted first, a batch of them at most; the slice
// is valid until the next call, and the caller clears it.
func (m *mailbox) take() []throng.Task {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asleep = false
	if m.lent != nil {
		m.lent.n, m.lent.next = 0, nil
		m.spare, m.lent = m.lent, nil
	}
	b := m.first
	if b == nil {
		return nil
	}
	if m.first = b.next; m.first == nil {
		m.last = nil
	}
	m.lent = b
	return b.tasks[:b.n]
}

// close returns what is left; nothing is taken any more.
func (m *mailbox) close() (rest []throng.Task) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	for b := m.first; b != nil; b = b.next {
		rest = append(rest, b.tasks[:b.n]...)
	}
	m.first, m.last, m.spare, m.lent = nil, nil, nil, nil
	return rest
}
