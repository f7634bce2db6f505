package main

import "sync"

// tally counts what comes over all connections.
type tally struct {
	mu   sync.Mutex
	left int
	done chan struct{}
}

// expect returns a channel that is closed when n more have come.
func (t *tally) expect(n int) <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.left, t.done = n, make(chan struct{})
	if n == 0 {
		close(t.done)
	}
	return t.done
}

// add counts some and reports whether they were expected.
func (t *tally) add(n int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n > t.left {
		return false
	}
	if n > 0 {
		if t.left -= n; t.left == 0 {
			close(t.done)
		}
	}
	return true
}
