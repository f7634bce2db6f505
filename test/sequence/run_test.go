package sequence

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"throng"
)

// run is one server's life with its crowd: the clock, the channels, and what
// goes wrong.
type run struct {
	t        *testing.T
	addr     string
	seed     uint64
	channels []*channel
	clock    *throng.Clock
	start    time.Time
	// restarts says that the server goes down now and then: any close is fine,
	// and so is a position that can't be recovered.
	restarts bool
	stop     atomic.Bool // publishers without a count stop
	// lag is how old the newest push was, in milliseconds: publishers wait for a
	// crowd that is behind, so that a slow machine makes a run longer, not another.
	lag atomic.Int64

	clients []*client
	crowd   sync.WaitGroup
	busy    sync.WaitGroup // socket publishers that are not done
	inside  []*insider
	callers []*caller
	count   counts

	// phase counts what the test does to the server, for ends.
	phase    atomic.Int32
	mu       sync.Mutex
	problems []string
	ends     []end
}

// end is how a connection ended that its client did not end: with a close code,
// or 0 without one.
type end struct {
	client string
	phase  int32
	code   uint16
	at     time.Time
}

// channel is a channel of the run.
type channel struct {
	name string
	// wide: the window holds all that is ever published, so that a position is
	// always recovered.
	wide bool
	pad  int // the most padding of a publication
	// final is the offset of the last publication, 0 until it is known.
	final atomic.Uint64
}

// counts are what happened.
type counts struct {
	delivered, replayed, expiring   atomic.Int64
	cuts, rejoins, pauses           atomic.Int64
	begun, recovered, resyncs       atomic.Int64
	slow, abrupt                    atomic.Int64
	refused, unanswered, duplicates atomic.Int64
	called, streamed, polled        atomic.Int64 // publishes by API, deliveries over /events and /poll
}

func newRun(t *testing.T, addr string, channels []*channel) *run {
	t.Helper()
	t.Logf("seed %d", *seedFlag)
	return &run{t: t, addr: addr, seed: *seedFlag, channels: channels, clock: throng.NewClock(), start: time.Now()}
}

// now is the time of an event, in nanoseconds.
func (r *run) now() int64 { return int64(time.Since(r.start)) }

// problem notes something that must not happen.
func (r *run) problem(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.problems) < 30 {
		r.problems = append(r.problems, fmt.Sprintf(format, args...))
	}
}

// report fails the test if there were problems.
func (r *run) report() {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.problems {
		r.t.Error(p)
	}
}

// launch starts the clients' lives, which end when the context does at the
// latest.
func (r *run) launch(limit time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	r.t.Cleanup(func() {
		cancel()
		r.crowd.Wait()
	})
	for _, c := range r.clients {
		if c.pub != nil {
			r.busy.Add(1)
		}
		r.crowd.Go(func() { c.life(ctx) })
	}
	return ctx
}

// ended notes the end of a connection.
func (r *run) ended(c *client, code uint16) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ends = append(r.ends, end{c.name, r.phase.Load(), code, time.Now()})
}

// endsOf returns the ends of a phase so far.
func (r *run) endsOf(phase int32) (ends []end) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.ends {
		if e.phase == phase {
			ends = append(ends, e)
		}
	}
	return ends
}

// awaitPublishers waits until the socket publishers are done.
func (r *run) awaitPublishers(ctx context.Context) {
	r.t.Helper()
	done := make(chan struct{})
	go func() { r.busy.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
		r.crowd.Wait()
		r.report()
		r.t.Fatal("the publishers did not get done")
	}
}
