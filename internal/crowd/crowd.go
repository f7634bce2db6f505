// Package crowd plays people on the demo's page: they come one after the other, watch,
// say something now and then, claim what is offered, leave and come back. It is there to
// be looked at; what a server bears, `throng bench` measures.
//
// A person is a goroutine with a WebSocket of its own. That is dear beside the loader of
// `throng bench`, and simple; up to MaxPeople it does.
package crowd

import (
	"context"
	"math/rand/v2"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// MaxPeople is the largest crowd.
const MaxPeople = 10_000

// Options are what a crowd is made of. Of what is zero the default is taken.
type Options struct {
	// Target is the server's socket, such as ws://localhost:8000/socket. Without TLS.
	Target *url.URL
	// People is how many there are.
	People int
	// Channel is where they go.
	Channel string
	// Arrivals is how many come a second until all are there; by default all of them in
	// 20 s, and never more than 200. Who was cut off comes back at that rate too.
	Arrivals float64
	// Stay is how long somebody stays on average, by default 4 minutes, and Away how
	// long until it comes back, by default 20 seconds.
	Stay, Away time.Duration
	// Talk is how long it is on average between two things that are said, by anybody;
	// by default 4 seconds.
	Talk time.Duration
	// Claiming is the share of those who see an offer that want it, by default 0.6, and
	// Hesitate the longest that they think about it, by default 8 seconds.
	Claiming float64
	Hesitate time.Duration
	// Seed makes one crowd like another.
	Seed uint64
}

// Figures are what a crowd has done so far. Who is here has joined the channel. Who came
// has left, or was cut off; who was refused never came.
type Figures struct {
	Here                      atomic.Int64
	Came, Left, Cut, Refused  atomic.Int64
	Offers, Claims, Won, Said atomic.Int64
}

// Crowd is people who come and go.
type Crowd struct {
	opts    Options
	doors   chan struct{} // somebody may come in for each
	Figures Figures

	mu    sync.Mutex // guards the rest, see Outside
	inRow int
	why   error
}

// New makes a crowd; Run lets it in.
func New(o Options) *Crowd {
	const (
		soon = 20  // seconds until all are there
		most = 200 // arrivals a second
	)
	if o.Arrivals == 0 {
		o.Arrivals = max(1, min(most, float64(o.People)/soon))
	}
	for _, d := range []struct {
		field *time.Duration
		usual time.Duration
	}{{&o.Stay, 4 * time.Minute}, {&o.Away, 20 * time.Second}, {&o.Talk, 4 * time.Second}, {&o.Hesitate, 8 * time.Second}} {
		if *d.field == 0 {
			*d.field = d.usual
		}
	}
	if o.Claiming == 0 {
		o.Claiming = 0.6
	}
	return &Crowd{opts: o, doors: make(chan struct{})}
}

// Run lets people come and go until ctx ends, and returns when all have left.
func (c *Crowd) Run(ctx context.Context) {
	var all sync.WaitGroup
	for i := range c.opts.People {
		p := &person{crowd: c, name: nameOf(i), dice: rand.New(rand.NewPCG(c.opts.Seed, uint64(i)))}
		all.Go(func() { p.live(ctx) })
	}
	c.open(ctx)
	all.Wait()
}

// open lets one in after the other.
func (c *Crowd) open(ctx context.Context) {
	t := time.NewTicker(time.Duration(float64(time.Second) / c.opts.Arrivals))
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		select {
		case c.doors <- struct{}{}:
		default: // nobody waits
		}
	}
}
