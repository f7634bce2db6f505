// Package bonus is the desk where timed bonuses are offered and claimed.
//
// A claim is judged by when it arrived: against the start, the deadline, and whom the
// bonus is for. What is left is decided by the store (throng.Bonuses), which alone says
// who has it: claims of a bonus gather for some milliseconds and go there together, and
// nobody is answered before the store has. What the store said is remembered, so that
// who asks again hardly ever reaches it.
//
// Loops only look at memory under one lock, and put a claim behind others. A bonus that
// has claims waiting has a goroutine, which speaks with the store (serve.go); Run starts
// and ends bonuses when their time comes (schedule.go). docs/bonuses.md says what is exact,
// and names the tests that hold it.
package bonus

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"throng"
	"throng/internal/shrink"
	"throng/internal/store"
)

// Publisher is how the desk tells channels. Publish neither blocks nor fails to its
// caller; the publication belongs to it.
type Publisher interface {
	Publish(channel string, p *throng.Publication)
	// Namespace returns the namespace of a channel, nil when there is none.
	Namespace(channel string) *throng.Namespace
}

// Options are what a desk is made of; a zero number is its default.
type Options struct {
	// Store keeps bonuses and claims; without one everything is not available.
	Store throng.Bonuses
	// Open opens the store if it is not there yet; nil if it is.
	Open func(context.Context) error
	// Attendance knows who was here; nil where nothing is recorded.
	Attendance Attendance
	Publisher  Publisher
	Clock      *throng.Clock
	Log        *slog.Logger
	// Queue is how many claims may wait for the store. Default 100,000.
	Queue int
	// Patience is how long a claim waits for the store. Default 5 s.
	Patience time.Duration
	// Remembered is how many claims that were granted are kept in memory. Default
	// 1,000,000.
	Remembered int
	// Live is how many bonuses may be live or scheduled. Default 10,000.
	Live int
	// MaxData is the largest data of a bonus in bytes, MaxUsers to how many users one
	// may be given by name. Default 16 KiB, and 10,000.
	MaxData, MaxUsers int
	// MaxList is about how many bytes a list has that a client asks for. Default 256 KiB.
	MaxList int
	// Alone says that no other node claims in the same store.
	Alone bool
	// Look is how often the bonuses of other nodes are looked for; 0 for never.
	Look time.Duration
	// Retention is how long bonuses are kept behind their deadlines; 0 for ever.
	Retention time.Duration
}

func (o *Options) defaults() {
	def := func(n *int, to int) {
		if *n == 0 {
			*n = to
		}
	}
	def(&o.Queue, 100_000)
	def(&o.Remembered, 1_000_000)
	def(&o.Live, 10_000)
	def(&o.MaxData, 16<<10)
	def(&o.MaxUsers, 10_000)
	def(&o.MaxList, 256<<10)
	if o.Patience == 0 {
		o.Patience = 5 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

// Desk is that of one node. Its methods are safe for concurrent use; those that take
// a context block and are never called on a loop, the others may be.
type Desk struct {
	opts   Options
	clock  *throng.Clock
	log    *slog.Logger
	stats  Stats
	outage store.Outage // what is said of a store that is away

	// others is how long behind a deadline another node may still grant a claim that came
	// before it.
	others int64

	// life ends what goes on behind the desk; working counts that.
	life     context.Context
	end      context.CancelFunc
	working  sync.WaitGroup
	calls    chan struct{} // holds as many as may be at the store at once
	reads    chan struct{} // the same for what clients only want to know
	restored chan struct{} // closed when what is live was read
	wake     chan struct{} // tells Run that something is due earlier

	mu         sync.Mutex
	closed     bool
	offers     map[string]*offer
	mostOffers shrink.Most
	seeking    map[string]*search // bonuses that are looked up
	seekers    map[string]int     // users, and how many bonuses were looked up for them
	seekSince  int64              // since this time
	absent     map[string]int64   // bonuses that there are not, and until when that is believed
	live       index
	agenda     agenda
	past       []*offer // that are gone, the first one first; forgotten ones may be among them
	crowd      crowd    // claims that wait
	remembered int      // winners of all offers
}

const (
	// gather is how long the first claim of a batch waits for others, and batch how many
	// go to the store at once.
	gather = 5 * time.Millisecond
	batch  = 1000
	// maxCalls is how many bonuses may be at the store at once: a database has few
	// connections, and SQLite one writer. maxReads are besides for what is only looked
	// up: whatever clients ask about, claims that may win don't stand behind it.
	maxCalls, maxReads = 4, 2
)

// New makes a desk. Bonuses of before are there when Run has read them; one that is
// asked for earlier is looked up.
func New(o Options) *Desk {
	o.defaults()
	d := &Desk{
		opts: o, clock: o.Clock, log: o.Log,
		calls: make(chan struct{}, maxCalls), reads: make(chan struct{}, maxReads), wake: make(chan struct{}, 1), restored: make(chan struct{}),
		offers: make(map[string]*offer), seeking: make(map[string]*search), seekers: make(map[string]int), absent: make(map[string]int64),
		live: newIndex(), crowd: newCrowd(),
	}
	if !o.Alone {
		d.others = (2 * o.Patience).Milliseconds()
	}
	d.outage = store.Outage{
		Log: d.log, Clock: d.clock, Level: slog.LevelWarn,
		Away: "the store of bonuses does not answer", Back: "the store of bonuses answers again",
	}
	d.life, d.end = context.WithCancel(context.Background())
	return d
}

// Run offers bonuses when their time comes, until ctx ends.
func (d *Desk) Run(ctx context.Context) {
	if d.opts.Store == nil || !d.restore(ctx) {
		return
	}
	close(d.restored)
	var keeper sync.WaitGroup
	keeper.Go(func() { d.keep(ctx) })
	defer keeper.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		timer.Reset(d.turn(d.clock.Now()))
		select {
		case <-ctx.Done():
		case <-d.wake:
		case <-timer.C:
		}
	}
}

// Close ends the desk: who waits is told, and what is at the store may finish until ctx
// ends.
func (d *Desk) Close(ctx context.Context) error {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	over := make(chan struct{})
	go func() { d.working.Wait(); close(over) }()
	select {
	case <-over:
		d.end()
		return nil
	case <-ctx.Done():
	}
	d.end()
	<-over
	return ctx.Err()
}

// begin starts work that Close waits for, unless the desk is closed. d.mu is held.
func (d *Desk) begin(f func()) bool {
	if d.closed {
		return false
	}
	d.working.Go(f)
	return true
}
