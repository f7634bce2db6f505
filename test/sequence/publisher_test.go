package sequence

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"

	"throng"
	"throng/internal/node"
)

// outsider is a publisher at the other end of a socket: what a client publishes.
type outsider struct {
	number  uint16
	left    int // publications to come; negative: until the run stops
	pace    time.Duration
	next    time.Time
	seq     uint32
	waiting map[uint64]event // attempts without an answer, by ref
	over    bool
}

// window is how many publishes a client has under way at once.
const window = 4

func (c *client) publishes(number, count int, pace time.Duration) {
	c.pub = &outsider{number: uint16(number), left: count, pace: pace, waiting: make(map[uint64]event)}
}

// publishDue publishes when it is time, and notices when all is published.
func (c *client) publishDue() error {
	p := c.pub
	if p == nil || p.over {
		return nil
	}
	if p.left < 0 && c.run.stop.Load() {
		p.left = 0
	}
	switch {
	case p.left == 0:
		if len(p.waiting) == 0 {
			c.retire()
		}
		return nil
	case time.Now().Before(p.next):
		return nil
	}
	p.next = time.Now().Add(p.pace/2 + time.Duration(c.rng.Int64N(int64(p.pace))))
	s := c.subs[c.rng.IntN(len(c.subs))]
	if s.state != joined || len(p.waiting) >= window {
		return nil
	}
	p.left--
	p.seq++
	n := note{id: ident{p.number, c.conns, p.seq}, at: c.run.clock.Now()}
	e := event{kind: kindPub, ch: s.ch, id: n.id}
	c.log(e)
	e.t = c.events[len(c.events)-1].t
	c.refs++
	p.waiting[c.refs] = e
	c.w.push(refToken(s.ref), refToken(c.refs), c.channel(s).name, eventName, n.payload(c.rng.IntN(c.channel(s).pad)))
	return c.w.flush()
}

// answered takes the answer to a publish, and reports whether it was one.
func (c *client) answered(ref uint64, good bool, response []byte) bool {
	e, ok := c.pub.waiting[ref]
	if !ok {
		return false
	}
	delete(c.pub.waiting, ref)
	switch {
	case good:
		e.kind = kindAck
		c.log(e)
	case strings.Contains(string(response), `"unmatched topic"`), strings.Contains(string(response), `"too many requests"`):
		c.run.count.refused.Add(1)
		e.kind = kindNack
		c.log(e)
	default:
		c.run.problem("%s: publish refused: %s", c.name, response)
	}
	return true
}

// insider is a publisher in the server's process.
type insider struct {
	run      *run
	node     *node.Node
	rng      *rand.Rand
	number   uint16
	channels []int
	left     int
	pace     time.Duration
	seq      uint32
	events   []event
}

// newInsider makes a publisher of some channels; they take turns.
func (r *run) newInsider(n *node.Node, number, count int, pace time.Duration, channels ...int) *insider {
	p := &insider{
		run: r, node: n, rng: rand.New(rand.NewPCG(r.seed, 1<<32+uint64(number))),
		number: uint16(number), channels: channels, left: count, pace: pace,
	}
	r.inside = append(r.inside, p)
	return p
}

// publish publishes all that it has to, in bursts.
func (p *insider) publish(ctx context.Context) {
	for p.left > 0 && ctx.Err() == nil {
		burst := 1 + p.rng.IntN(6)
		for range min(burst, p.left) {
			p.one(p.channels[p.rng.IntN(len(p.channels))], p.lifetime())
			p.left--
		}
		time.Sleep(time.Duration(burst) * p.pace)
		for range 100 { // a second at most: when all is delivered, nobody says so
			if p.run.lag.Load() < 200 {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// lifetime is how long a publication lives: some milliseconds to seconds for a
// third of them, an hour for some, 0 for ever.
func (p *insider) lifetime() int64 {
	few := []int64{1, 5, 20, 100, 400, 1000, 3000}
	switch i := p.rng.IntN(30); {
	case i < 10:
		return few[p.rng.IntN(len(few))]
	case i < 12:
		return 2 * farAway
	}
	return 0
}

// one publishes to a channel and returns where; a zero position if it was
// refused.
func (p *insider) one(ch int, lifetime int64) (at throng.Position) {
	p.seq++
	n := note{id: ident{pub: p.number, seq: p.seq}, at: p.run.clock.Now()}
	if lifetime > 0 {
		n.by = n.at + lifetime
	}
	e := event{kind: kindPub, ch: ch, id: n.id, t: p.run.now()}
	if !n.expires() {
		p.events = append(p.events, e)
	}
	c := p.run.channels[ch]
	pub := &throng.Publication{Event: eventName, Data: n.payload(p.rng.IntN(c.pad)), ExpiresAt: n.by}
	var told atomic.Int32
	p.node.Broadcast(context.Background(), c.name, pub, "", func(r throng.PublishResult, err error) {
		told.Add(1)
		at, e.off, e.ep = r.Position, r.Position.Offset, r.Position.Epoch
		switch {
		case errors.Is(err, throng.ErrTooManyRequests):
			p.run.count.refused.Add(1)
			e.kind = kindNack
		case err != nil:
			p.run.problem("broadcast to %s: %v", c.name, err)
		case n.expires():
			e.kind = kindExpired
		default:
			e.kind = kindAck
		}
	})
	if told.Load() != 1 { // the memory broker answers before Broadcast returns
		p.run.problem("broadcast to %s was answered %d times", c.name, told.Load())
	}
	if e.kind != kindNack || !n.expires() {
		p.events = append(p.events, e)
	}
	return at
}

// last publishes the last publication of every channel, by which clients know
// that they have seen all.
func (p *insider) last() {
	for i, c := range p.run.channels {
		at := p.one(i, 0)
		for at.Offset == 0 {
			time.Sleep(time.Millisecond)
			at = p.one(i, 0)
		}
		c.final.Store(at.Offset)
	}
}
