package sequence

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"strconv"
	"time"

	"throng"
	"throng/internal/protocol/phoenix"
)

// client is one Phoenix client: it joins its channels, keeps a position in each,
// and comes back with it whenever it was cut. All of it runs on one goroutine.
type client struct {
	run  *run
	name string
	vsn  phoenix.Version
	rng  *rand.Rand
	slow bool // it pauses, and its sockets have little room
	calm bool // it never cuts itself
	subs []*sub
	pub  *outsider // what it publishes; nil for most

	goodbye uint16 // the code by which a server that stops ends its connection; 0: it has none
	// life is what it does until it has seen the end; live for most.
	life func(ctx context.Context)

	w      *wire
	conns  uint16 // connections so far
	refs   uint64
	probe  uint64 // ref of the last heartbeat, 0 when it was answered
	left   int    // deliveries until it does something rash
	newest int64  // when the newest publication was published that was seen
	since  int64  // what comes now was written after this; both on the run's clock

	events []event
	done   bool
}

// sub is a client's place in a channel.
type sub struct {
	ch    int
	state state
	ref   uint64 // of the last join
	known bool   // there is a position
	pos   throng.Position
}

type state uint8

const (
	idle      state = iota
	joining         // nothing may come before the answer
	rejoining       // joined twice: what comes before the answer comes again
	leaving         // what comes before the answer still counts
	joined
)

// errCut says that the client itself ended the connection.
var errCut = errors.New("cut")

const (
	beat = 500 * time.Millisecond // how long a client reads before it looks around
	// retryPause is how long a client waits for a server that is down.
	retryPause = 20 * time.Millisecond
)

func (r *run) newClient(name string, channels ...int) *client {
	i := len(r.clients)
	c := &client{run: r, name: name, vsn: phoenix.V2, rng: rand.New(rand.NewPCG(r.seed, uint64(i)))}
	if i%7 == 3 {
		c.vsn = phoenix.V1
	}
	for _, ch := range channels {
		c.subs = append(c.subs, &sub{ch: ch})
	}
	c.left = 20 + c.rng.IntN(200)
	c.life, c.goodbye = c.live, 1012
	r.clients = append(r.clients, c)
	return c
}

// live connects again and again until the client has seen the end of all its
// channels.
func (c *client) live(ctx context.Context) {
	defer c.retire()
	for ctx.Err() == nil && !c.done {
		if err := c.connect(); err != nil {
			if !c.run.restarts {
				c.run.problem("%s can't connect: %v", c.name, err)
			}
			time.Sleep(retryPause)
			continue
		}
		err := c.serve(ctx)
		c.lost(err)
	}
	c.unfinished()
}

// unfinished says what a client still waits for when its time is over.
func (c *client) unfinished() {
	if c.done {
		return
	}
	if p := c.pub; p != nil && !p.over {
		c.run.problem("%s has %d to publish and waits for %d answers", c.name, p.left, len(p.waiting))
	}
	for _, s := range c.subs {
		c.run.problem("%s waits for %s: at %v, state %d, the end is %d",
			c.name, c.channel(s).name, s.pos, s.state, c.channel(s).final.Load())
	}
}

// retire gives up being a publisher, so that nobody waits for it.
func (c *client) retire() {
	if c.pub != nil && !c.pub.over {
		c.pub.over = true
		c.run.busy.Done()
	}
}

func (c *client) channel(s *sub) *channel { return c.run.channels[s.ch] }

func (c *client) connect() error {
	if !c.calm && c.rng.IntN(8) == 0 {
		c.halfHandshake()
	}
	c.conns++
	c.since = c.run.clock.Now()
	early := c.rng.IntN(2) == 0 // join with the handshake, or after it
	joins := func(w *wire) {
		for _, s := range c.subs {
			c.join(w, s, joining)
		}
	}
	var first func(*wire)
	if early {
		first = joins
	}
	w, err := dial(c.run.addr, c.vsn, c.slow, first)
	if err != nil {
		return err
	}
	c.w, c.probe = w, 0
	if early {
		return nil
	}
	joins(w)
	return w.flush()
}

// join asks for a channel, from the client's position on if it has one.
func (c *client) join(w *wire, s *sub, st state) {
	payload := `{"recover":{}}`
	switch {
	case s.known:
		payload = `{"recover":{"offset":` + strconv.FormatUint(s.pos.Offset, 10) +
			`,"epoch":"` + s.pos.Epoch + `"}}`
	case c.rng.IntN(3) == 0:
		payload = `{"recover":{"history":` + strconv.Itoa(1+c.rng.IntN(20)) + `}}`
	}
	c.refs++
	s.ref, s.state = c.refs, st
	w.push(refToken(s.ref), refToken(s.ref), c.channel(s).name, "phx_join", []byte(payload))
}

// refToken is a ref as the phoenix npm client writes it.
func refToken(ref uint64) []byte { return strconv.AppendQuote(nil, strconv.FormatUint(ref, 10)) }

// parseRef is 0 for what is not one of the client's refs.
func parseRef(token []byte) uint64 {
	if len(token) < 3 || token[0] != '"' {
		return 0
	}
	ref, _ := strconv.ParseUint(string(token[1:len(token)-1]), 10, 64)
	return ref
}

// serve takes what the server says until the connection ends or the client is
// done.
func (c *client) serve(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := c.publishDue(); err != nil {
			return err
		}
		if c.atEnd() {
			if err := c.heartbeat(); err != nil {
				return err
			}
		}
		deadline := time.Now().Add(beat)
		if p := c.pub; p != nil && p.left != 0 && p.next.Before(deadline) {
			deadline = p.next
		}
		asked := c.run.clock.Now()
		m, err := c.w.next(deadline)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			if c.w.between() {
				c.since = asked
			}
			if err := c.heartbeat(); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		if err := c.handle(&m); err != nil {
			return err
		}
		if c.done {
			return nil
		}
	}
	return ctx.Err()
}

// heartbeat asks for a sign of life, one at a time. Its answer comes behind all
// that was queued before.
func (c *client) heartbeat() error {
	if c.probe != 0 {
		return nil
	}
	c.refs++
	c.probe = c.refs
	c.w.push(nil, refToken(c.probe), "phoenix", "heartbeat", nil)
	return c.w.flush()
}

// atEnd reports whether the client has seen all that there will be.
func (c *client) atEnd() bool {
	if c.pub != nil && !c.pub.over {
		return false
	}
	for _, s := range c.subs {
		final := c.channel(s).final.Load()
		if s.state != joined || final == 0 || s.pos.Offset < final {
			return false
		}
	}
	return true
}

// finish is called with the answer to a heartbeat: if the client was at the end
// when it asked, nothing is on its way any more.
func (c *client) finish() {
	c.done = true
	for _, s := range c.subs {
		c.log(event{kind: kindEnd, ch: s.ch})
	}
}

// lost looks at how a connection ended, and forgets what was bound to it.
func (c *client) lost(err error) {
	_ = c.w.nc.Close()
	var cl *closed
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return // live says what is missing
	case c.done, errors.Is(err, errCut):
	case errors.As(err, &cl):
		c.run.ended(c, cl.code)
		if cl.code == throng.DisconnectSlow.Code {
			c.run.count.slow.Add(1)
		} else if !c.run.restarts {
			c.run.problem("%s was closed: %d %s", c.name, cl.code, cl.reason)
		}
	default:
		c.run.ended(c, 0)
		c.run.count.abrupt.Add(1)
		if !c.run.restarts && !c.slow {
			c.run.problem("%s lost its connection: %v", c.name, err)
		}
	}
	c.w.reader.Release()
	for _, s := range c.subs {
		s.state = idle
	}
	if c.pub != nil {
		c.run.count.unanswered.Add(int64(len(c.pub.waiting)))
		clear(c.pub.waiting)
	}
}
