// Package visits keeps the books on who is here: the ledger. Sessions tell it who
// comes and goes; a store (throng.Visits) is told in groups when a user's first
// client came and when its last one left.
//
// Loops only count, under the lock of one of 256 shards. One goroutine (Run) speaks
// with the store: it flushes what is new, beats, and takes care of the lease. Another
// one closes the visits of nodes that died. docs/visits.md says what is exact and by
// how much; the tests that it names hold it.
package visits

import (
	"context"
	"hash/maphash"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"throng"
	"throng/internal/store"
)

// Options are what a ledger is made of; a zero time is its default.
type Options struct {
	Store throng.Visits
	// Node is the name that the node's visits are kept under.
	Node  string
	Clock *throng.Clock
	Log   *slog.Logger
	// Grace is how long the visit of a user who left is held open for its return;
	// negative for not at all. Default 15 s.
	Grace time.Duration
	// Beat is how often the node says that it lives. Default 2 s.
	Beat time.Duration
	// TTL is after how long a node that does not is taken for dead. Default 8 s.
	TTL time.Duration
	// Retention is how long the store keeps what; once an hour it is asked to forget.
	Retention throng.VisitRetention
	// Buffer is how many visits that began and ended while the store was away are
	// kept for it; more are dropped and counted. Default 100,000.
	Buffer int64
	// Occupancy is how often a point is added to the curve; negative for never.
	// Default a minute.
	Occupancy time.Duration
	// Connections is how many there are, for the curve; nil for those of known users.
	Connections func() int
}

const (
	// group is how many rows are written at once.
	group = 1000
	// gather is how long the first of them waits for others.
	gather = 200 * time.Millisecond
)

// Ledger is the books of one node. Its methods are safe for concurrent use, and
// those of session.Attendance and session.Watcher don't block.
type Ledger struct {
	opts   Options
	clock  *throng.Clock
	log    *slog.Logger
	grace  int64 // milliseconds
	seed   maphash.Seed
	shards [shards]shard

	wake    chan struct{}
	asked   chan request
	dirty   atomic.Int64 // edges since the last flush
	pending atomic.Int64 // visits in the shards' closed
	drained atomic.Int64 // when the drain began, in the store's time; 0 before
	stats   Stats
	name    atomic.Pointer[string]
	frame   atomic.Pointer[frame] // that of all shards; Run's goroutine changes it, and Close

	// What follows belongs to Run's goroutine, and to Close's after it.
	held     throng.Lease // 0 for none
	sequence uint32       // of the last flush
	acked    uint32       // of the last one that was applied
	said     int64        // At of the last flush
	cut      int64        // At of the last one that was applied
	unknown  *flush       // one of which it is not known whether it was
	first    int          // shard
	beatDue  int64        // on the node's clock, as all of these
	curveDue int64
	reapDue  int64
	pruneDue int64
	steady   steady
	away     trouble
	outage   store.Outage       // what is said of it
	points   []throng.Occupancy // for the next beat
	sweeps   chan sweepWork
	stuck    *time.Timer // ends Close; nil before
}

// request is something for Run's goroutine to do between two flushes.
type request struct {
	do   func(context.Context)
	done chan struct{}
}

// New makes a ledger. It counts from now on, and writes while Run runs.
func New(o Options) *Ledger {
	o.defaults()
	l := &Ledger{
		opts: o, clock: o.Clock, log: o.Log, grace: o.Grace.Milliseconds(), seed: maphash.MakeSeed(),
		wake: make(chan struct{}, 1), asked: make(chan request), sweeps: make(chan sweepWork, 1),
	}
	l.outage = store.Outage{
		Log: l.log, Clock: l.clock, Level: slog.LevelError,
		Away: "visits can't be written; clients are served, and what happens meanwhile is kept in memory",
		Back: "visits are written again",
	}
	if o.Grace < 0 {
		l.grace = 0
	}
	l.name.Store(&o.Node)
	// Until the store has said what time it is, ours is as good as any.
	first := newFrame(l.clock.Now(), 0)
	l.frame.Store(first)
	for i := range l.shards {
		l.shards[i].init(first)
	}
	return l
}

func (o *Options) defaults() {
	def := func(d *time.Duration, to time.Duration) {
		if *d == 0 {
			*d = to
		}
	}
	def(&o.Grace, 15*time.Second)
	def(&o.Beat, 2*time.Second)
	def(&o.TTL, 8*time.Second)
	def(&o.Occupancy, time.Minute)
	if o.Buffer == 0 {
		o.Buffer = 100_000
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

// Run keeps the store up to date until ctx ends. What is left then is Close's.
func (l *Ledger) Run(ctx context.Context) {
	var sweeper sync.WaitGroup
	sweeper.Go(func() { l.sweepOthers(ctx) })
	defer sweeper.Wait()
	if !l.acquire(ctx) {
		return
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	gatherDue := int64(0)
	for ctx.Err() == nil {
		timer.Reset(l.until(gatherDue))
		select {
		case <-ctx.Done():
			return
		case r := <-l.asked:
			r.do(ctx)
			close(r.done) // a beat that is due comes before the next one
		case <-l.wake:
			if gatherDue == 0 {
				gatherDue = l.clock.Now() + gather.Milliseconds()
			}
			if l.dirty.Load() < group {
				continue
			}
		case <-timer.C:
		}
		now := l.clock.Now()
		if now < l.beatDue && (gatherDue == 0 || now < gatherDue) && l.dirty.Load() < group {
			continue // a timer is coarse
		}
		gatherDue = 0
		l.flush(ctx)
	}
}

// until is how long there is nothing to do.
func (l *Ledger) until(gatherDue int64) time.Duration {
	due := throng.Earlier(l.beatDue, gatherDue)
	return time.Duration(max(0, due-l.clock.Now())) * time.Millisecond
}
