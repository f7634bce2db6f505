package loop

import (
	"sync"

	"throng"
)

// mailbox is a loop's queue of tasks. Two slices take turns: one is filled while
// the other runs.
type mailbox struct {
	mu     sync.Mutex
	tasks  []throng.Task
	asleep bool // the loop waits for readiness and must be woken
	closed bool
	spare  []throng.Task
}

// post adds a task and reports whether the loop must be woken.
func (m *mailbox) post(t throng.Task) (wake, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return false, false
	}
	m.tasks = append(m.tasks, t)
	wake, m.asleep = m.asleep, false
	return wake, true
}

// sleep announces that the loop is about to wait; it says no when there is work.
func (m *mailbox) sleep() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asleep = len(m.tasks) == 0
	return m.asleep
}

// awake takes sleep's announcement back: the loop is on its way to take, so what
// its own handlers post needs no wake.
func (m *mailbox) awake() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asleep = false
}

// take returns the tasks posted so far; the slice is valid until the next call.
func (m *mailbox) take() []throng.Task {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asleep = false
	taken := m.tasks
	clear(m.spare)
	if cap(m.spare) > 4096 && len(taken) < cap(m.spare)/4 {
		m.spare = nil // a burst has passed; don't keep its memory
	}
	m.tasks, m.spare = m.spare[:0], taken
	return taken
}

func (m *mailbox) close() []throng.Task {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	rest := m.tasks
	m.tasks = nil
	return rest
}
