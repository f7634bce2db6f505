package loop

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"throng"
)

// Kind chooses how connections are carried.
type Kind string

// The kinds of engine. Ring is Epoll whose writes are made many at a time, by io_uring.
// Auto is the first that this machine has of Ring, Epoll and Goroutine.
const (
	Auto      Kind = "auto"
	Ring      Kind = "io_uring"
	Epoll     Kind = "epoll"
	Goroutine Kind = "goroutine"
)

// MaxLoops is the largest number of loops of an engine.
const MaxLoops = 64

// Options configure an engine; the zero value of each field has a default.
type Options struct {
	Kind  Kind
	Loops int // default: one per processor
	// MaxConns is the largest number of connections, detached ones included;
	// default: what the descriptor limit leaves.
	MaxConns int
	// WriteTimeout is how long a peer may accept nothing of what waits for it;
	// default 30 s.
	WriteTimeout time.Duration
	// Linger is how long a peer has to close after we did, when the kernel has taken all
	// that was to be said: as long it may go on sending without that resetting away what it
	// has not read; default 2 s.
	Linger time.Duration
	// Refusal is written to connections over the limit before they are closed.
	Refusal []byte
	Clock   *throng.Clock
	Log     *slog.Logger
}

// Engine is a set of loops and the connections they own.
type Engine struct {
	opts     Options
	clock    *throng.Clock
	log      *slog.Logger
	loops    []*Loop
	load     []atomic.Int32 // connections by loop
	total    atomic.Int64
	maxConns int64
	accept   AcceptStats
	noRing   error // why Auto did not take Ring

	mu        sync.Mutex
	listeners map[net.Listener]struct{}
	draining  bool
	running   bool
	stopped   bool
	closing   chan struct{}  // closed when draining begins
	wg        sync.WaitGroup // loops, and the goroutines of their streams
}

// New makes an engine; Start runs it.
func New(opts Options) (*Engine, error) {
	auto := opts.Kind == "" || opts.Kind == Auto
	setDefaults(&opts)
	if opts.Kind != Ring && opts.Kind != Epoll && opts.Kind != Goroutine {
		return nil, fmt.Errorf("there is no engine %q, only %q, %q, %q and %q", opts.Kind, Auto, Ring, Epoll, Goroutine)
	}
	if opts.Loops > MaxLoops {
		return nil, fmt.Errorf("%d loops asked for, at most %d are possible", opts.Loops, MaxLoops)
	}
	limit := int64(opts.MaxConns)
	if safe := ConnectionsWithin(descriptorLimit()); limit <= 0 {
		limit = safe
	} else if safe < limit {
		return nil, fmt.Errorf("%d connections asked for, but %w allows %d", limit, ErrDescriptorLimit, safe)
	}
	e := &Engine{
		opts: opts, clock: opts.Clock, log: opts.Log, maxConns: limit,
		load: make([]atomic.Int32, opts.Loops), listeners: map[net.Listener]struct{}{},
		closing: make(chan struct{}),
	}
	for i := range opts.Loops {
		p, err := newPoller(opts.Kind)
		if err != nil {
			e.close()
			return nil, err
		}
		e.loops = append(e.loops, newLoop(e, i, p))
	}
	if opts.Kind != Ring {
		return e, nil
	}
	switch e.noRing = e.equip(); {
	case e.noRing == nil:
	case auto:
		e.opts.Kind = Epoll
	default:
		e.close()
		return nil, e.noRing
	}
	return e, nil
}

// equip gives each loop its ring, or none of them.
func (e *Engine) equip() error {
	rings := make([]*ring, len(e.loops))
	for i := range rings {
		r, err := newRing(sendsAtOnce)
		if err != nil {
			for _, r := range rings[:i] {
				r.close()
			}
			return fmt.Errorf("%w: %w", ErrNoRing, err)
		}
		rings[i] = r
	}
	for i, l := range e.loops {
		l.together = together{ring: rings[i], apart: 1}
	}
	return nil
}

// close gives back what loops that never ran hold.
func (e *Engine) close() {
	for _, l := range e.loops {
		l.close()
	}
}

// ErrNoRing is why New refuses the kind Ring, and Auto does not take it.
var ErrNoRing = errors.New("no io_uring")

// NoRing returns why Auto did not take Ring; nil: it did, or was not asked to.
func (e *Engine) NoRing() error { return e.noRing }

// HasRing reports why this machine does not let us make writes by io_uring; nil: it does.
func HasRing() error {
	r, err := newRing(sendsAtOnce)
	if err == nil {
		r.close()
	}
	return err
}

func setDefaults(o *Options) {
	if o.Kind == "" || o.Kind == Auto {
		o.Kind = Goroutine
		if runtime.GOOS == "linux" {
			o.Kind = Ring
		}
	}
	if o.Loops <= 0 {
		o.Loops = min(runtime.GOMAXPROCS(0), MaxLoops)
	}
	if o.Linger <= 0 {
		o.Linger = 2 * time.Second
	}
	if o.WriteTimeout <= 0 {
		o.WriteTimeout = 30 * time.Second
	}
	if o.Clock == nil {
		o.Clock = throng.NewClock()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

func newPoller(k Kind) (poller, error) {
	if k == Goroutine {
		return newPark(), nil
	}
	return newEpoll()
}

// Kind returns the kind of engine that was chosen.
func (e *Engine) Kind() Kind { return e.opts.Kind }

// WriteTimeout returns how long a peer may accept nothing.
func (e *Engine) WriteTimeout() time.Duration { return e.opts.WriteTimeout }

// Loops returns the number of loops.
func (e *Engine) Loops() int { return len(e.loops) }

// Mailbox returns the way into a loop.
func (e *Engine) Mailbox(loop int) throng.Mailbox { return e.loops[loop] }

// Attach gives a loop its background work. It must be called before Start.
func (e *Engine) Attach(loop int, t Turner) { e.loops[loop].turner = t }

// Start runs the loops.
func (e *Engine) Start() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.running || e.stopped {
		return
	}
	e.running = true
	for _, l := range e.loops {
		e.wg.Go(l.run)
	}
}

// Stop ends all listeners, connections and loops, and waits for them. Handlers
// are told ErrStopped. Connections and tasks that come later are closed and
// dropped.
func (e *Engine) Stop(ctx context.Context) error {
	e.CloseListeners()
	e.mu.Lock()
	first := !e.stopped
	e.stopped = true
	for _, l := range e.loops {
		switch {
		case !first:
		case e.running:
			l.Post(stopTask{l})
		default: // never started: nobody else would free what it holds
			l.stop()
		}
	}
	e.mu.Unlock()
	done := make(chan struct{})
	go func() { e.wg.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

type stopTask struct{ l *Loop }

func (t stopTask) Run(int) { t.l.stopping = true }

// Connections returns how many connections there are, detached ones included.
func (e *Engine) Connections() int { return int(e.total.Load()) }

// MaxConns returns the limit in force.
func (e *Engine) MaxConns() int { return int(e.maxConns) }

// Post hands a message to the handler of a connection, if it still exists.
func (e *Engine) Post(to throng.Ref, m any) {
	if int(to.Loop) < len(e.loops) {
		e.loops[to.Loop].Post(&message{e, to, m})
	}
}

type message struct {
	e  *Engine
	to throng.Ref
	m  any
}

func (t *message) Run(loop int) {
	if c := t.e.loops[loop].lookup(t.to.Slot, t.to.Gen); c != nil && c.Open() {
		c.handler.Message(c, t.m)
	}
}

// Lookup returns the connection that a Ref names, or nil. It is for use on the
// Ref's loop only.
func (e *Engine) Lookup(r throng.Ref) *Conn {
	if int(r.Loop) >= len(e.loops) {
		return nil
	}
	return e.loops[r.Loop].lookup(r.Slot, r.Gen)
}

// place chooses the least loaded loop and counts a connection that comes.
func (e *Engine) place() *Loop {
	best := 0
	for i := range e.load {
		if e.load[i].Load() < e.load[best].Load() {
			best = i
		}
	}
	e.load[best].Add(1)
	return e.loops[best]
}

// placeNear is place for a connection that is in a loop's hand: it stays there
// unless another loop has a sixteenth less, because to hand it over costs more
// than that is worth.
func (e *Engine) placeNear(l *Loop) *Loop {
	least := e.load[l.index].Load()
	for i := range e.load {
		least = min(least, e.load[i].Load())
	}
	if e.load[l.index].Load() > least+least/16 {
		return e.place()
	}
	e.load[l.index].Add(1)
	return l
}

// unplace forgets a connection of a loop; it is still counted in the total.
func (e *Engine) unplace(l *Loop) { e.load[l.index].Add(-1) }

func (e *Engine) release(l *Loop) {
	e.unplace(l)
	e.Release()
}

// Release says that a detached connection was closed.
func (e *Engine) Release() { e.total.Add(-1) }

// CloseListeners stops accepting.
func (e *Engine) CloseListeners() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.draining {
		e.draining = true
		close(e.closing)
	}
	for ln := range e.listeners {
		_ = ln.Close()
	}
}

// listen registers a listener; it says no when the engine drains.
func (e *Engine) listen(ln net.Listener) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.draining {
		_ = ln.Close()
		return false
	}
	e.listeners[ln] = struct{}{}
	return true
}

func (e *Engine) isDraining() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.draining
}

func (e *Engine) unlisten(ln net.Listener) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.listeners, ln)
	_ = ln.Close()
}

// ErrListenerClosed is returned by Serve after CloseListeners.
var ErrListenerClosed = errors.New("listener closed")
