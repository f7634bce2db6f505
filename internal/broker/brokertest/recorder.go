package brokertest

import (
	"sync"
	"time"

	"throng"
)

// recorder is a sink that remembers what it was given, by channel.
type recorder struct {
	mu      sync.Mutex
	got     map[string][]*throng.Publication
	changed chan struct{} // closed and renewed by every delivery
}

func newRecorder() *recorder {
	return &recorder{got: make(map[string][]*throng.Publication), changed: make(chan struct{})}
}

// Deliver implements throng.Sink.
func (r *recorder) Deliver(channel string, p *throng.Publication) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got[channel] = append(r.got[channel], p)
	close(r.changed)
	r.changed = make(chan struct{})
}

// delivered returns what has come in a channel so far, and a channel that is
// closed when there is more.
func (r *recorder) delivered(channel string) ([]*throng.Publication, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got[channel]
	return got[:len(got):len(got)], r.changed
}

// holds reports whether a publication with this data was delivered.
func (r *recorder) holds(channel, data string) bool {
	got, _ := r.delivered(channel)
	for i := len(got) - 1; i >= 0; i-- {
		if string(got[i].Data) == data {
			return true
		}
	}
	return false
}

// wait returns the channel's deliveries as soon as there are n.
func (r *recorder) wait(w *world, channel string, n int) []*throng.Publication {
	w.Helper()
	hung := time.After(patience)
	for {
		got, more := r.delivered(channel)
		if len(got) >= n {
			return got
		}
		select {
		case <-more:
		case <-hung:
			w.Fatalf("channel %q: %d of %d publications were delivered within %v", channel, len(got), n, patience)
		}
	}
}
