package load

import (
	"slices"
)

// newNetwork carries connections on epoll where it can: TLS needs goroutines.
func newNetwork(w *Worker) (network, error) {
	if slices.ContainsFunc(w.targets, func(t *target) bool { return t.secure }) {
		return newStreams(w)
	}
	return newPoll(w)
}
