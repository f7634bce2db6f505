package load

import (
	"fmt"
	"time"

	"throng/internal/websocket"
)

// client is one user and its connection. An idle one owns its record, the list of
// its channels, and nothing else.
type client struct {
	index  int32 // in Worker.clients
	fd     int32 // -1: none; epoll
	stream *stream
	reader websocket.Reader
	in     []byte // the start of a frame's header, or of the answer to the handshake
	out    []byte // what the kernel has not taken

	subs    []sub
	pending []pending
	runs    []run // its scripts in this phase

	began   int64 // what the state has lasted since, or was to
	dialled int64
	cut     int64 // when the connection was lost that it comes back from; 0: none
	user    int32 // number in the group
	gen     uint32
	flock   *flock // while it is on its way in one
	ref     uint32
	state   state
	tries   uint8 // connects that failed one after the other
	asked   bool  // the handshake was sent
	group   uint16
	to      uint16 // target
}

type state uint8

const (
	offline  state = iota // not there, and nothing is under way
	waiting               // tries again when its timer is due
	dialling              // connecting, then waiting for the upgrade
	entering              // joining its channels
	online                // all joined
	gone                  // gave up, or is away because its script says so
)

// pending is a request that is to be answered.
type pending struct {
	at   int64 // when it was to be sent
	sent int64
	of   *happens // of an event
	ref  uint32
	seq  uint32 // of a message
	sub  int32  // which channel, -1: none
	run  int16  // which script waits for it, -1: none
	kind replyKind
}

type replyKind uint8

const (
	toJoin replyKind = iota
	toLeave
	toMessage
	toHeartbeat
	toEvent
)

// kept reports whether a phase waits at its end until it is answered.
func (k replyKind) kept() bool { return k == toMessage || k == toEvent }

// dial begins to connect a user who was to come at a time.
func (w *Worker) dial(c *client, began int64) {
	c.state, c.began, c.dialled, c.asked = dialling, began, w.now, false
	c.gen++
	if err := w.net.dial(c); err != nil {
		w.broken(c, fmt.Errorf("connect: %w", err))
	}
}

// connected is told by the network that bytes can be sent.
func (w *Worker) connected(c *client) {
	t := w.targets[c.to]
	w.scratch = websocket.AppendClientRequest(w.scratch[:0], t.host, t.request(int(c.user), w.groups[c.group].Name), w.key)
	w.send(c, w.scratch)
}

// send writes bytes of the client.
func (w *Worker) send(c *client, b []byte) {
	w.counts.BytesOut += int64(len(b))
	w.net.send(c, b)
}

// received is told by the network what came, and when. It may change b, and does
// not keep it.
func (w *Worker) received(c *client, b []byte, at int64) {
	w.counts.BytesIn += int64(len(b))
	at += w.plan.Offset
	if c.state == dialling {
		b = w.upgrade(c, b, at)
	} else if len(c.in) > 0 {
		b = append(c.in, b...)
		c.in = nil
	}
	gen := c.gen
	for c.state >= entering && c.state != gone && c.gen == gen {
		m, n, ok, err := c.reader.Next(b, &w.limits)
		b = b[n:]
		if err != nil {
			w.fail("protocol: " + err.Error())
			w.drop(c)
			w.lost(c)
			return
		}
		if !ok {
			if len(b) > 0 {
				c.in = append([]byte(nil), b...)
			}
			return
		}
		w.message(c, m, at)
	}
}

// upgrade waits for the answer to the handshake and returns what came after it.
func (w *Worker) upgrade(c *client, b []byte, at int64) []byte {
	if len(c.in) > 0 {
		b = append(c.in, b...)
		c.in = nil
	}
	end := websocket.HeadEnd(b, 0)
	if end < 0 {
		if len(b) > maxHead {
			w.broken(c, fmt.Errorf("upgrade: the answer is no HTTP head"))
			return nil
		}
		c.in = append([]byte(nil), b...)
		return nil
	}
	if err := websocket.CheckResponse(b[:end], w.key); err != nil {
		w.broken(c, fmt.Errorf("upgrade: %w", err))
		return nil
	}
	w.counts.Connects++
	w.figures.connect.Record(time.Duration(at - c.began))
	w.open++
	c.state = entering
	w.wire.hello(c, at)
	return b[end:]
}

const maxHead = 64 << 10

// message deals with a whole message of the server.
func (w *Worker) message(c *client, m websocket.Message, at int64) {
	switch m.Op {
	case websocket.OpPing:
		w.frame(c, websocket.OpPong, m.Data)
	case websocket.OpPong:
	case websocket.OpClose:
		code, reason := websocket.ParseClose(m.Data)
		w.fail(fmt.Sprintf("closed: %d %.40q", code, reason))
		w.drop(c)
		w.lost(c)
	default:
		w.wire.receive(c, m, at)
	}
}

// maskKey is the same for all frames: nobody between is to be protected. It must
// not be zero, or servers had less to do.
var maskKey = [4]byte{0x1d, 0x6e, 0xa3, 0x58}

func (w *Worker) frame(c *client, op websocket.Opcode, payload []byte) {
	w.scratch = websocket.AppendMaskedFrame(w.scratch[:0], op, maskKey, payload)
	w.send(c, w.scratch)
}

// entered says that all channels are joined.
func (w *Worker) entered(c *client, at int64) {
	c.state, c.tries = online, 0
	w.last, w.moved = max(w.last, at), true
	w.joined++
	if c.cut != 0 {
		w.figures.comeback.Record(time.Duration(at - c.cut))
		c.cut = 0
	}
	w.settled(c)
	if w.heartbeat > 0 {
		// Spread out: a crowd that came within a second need not beat within one.
		first := int64(w.random.Float64() * float64(w.heartbeat))
		w.timers.add(timer{at: w.now + first, user: c.index, gen: c.gen, kind: timerHeartbeat})
	}
	w.resume(c)
}

// broken is told by the network that a connection can't be had or has ended.
func (w *Worker) broken(c *client, err error) {
	w.fail(reason(err))
	w.drop(c)
	w.lost(c)
}

// drop closes the connection and forgets what belonged to it.
func (w *Worker) drop(c *client) {
	w.net.drop(c)
	c.reader.Release()
	for _, p := range c.pending {
		if p.kind.kept() {
			w.waiting--
		}
	}
	c.in, c.out, c.pending = nil, nil, nil
	c.gen++
	if c.state == entering || c.state == online {
		w.open--
		w.counts.Closed++
	}
	if c.state == online {
		w.joined--
	}
	for i := range c.subs {
		s := &c.subs[i]
		if s.state == joined {
			s.ch.subs--
		}
		s.state = left
		s.forget()
	}
}

// lost decides whether the user comes back.
func (w *Worker) lost(c *client) {
	if c.cut == 0 && c.state == online {
		c.cut = w.now
	}
	w.stop(c)
	wait, again := w.schedule.after(int(c.tries))
	if !again {
		c.state = gone
		w.settled(c)
		return
	}
	if c.tries < 255 {
		c.tries++
	}
	c.state = waiting
	w.timers.add(timer{at: w.now + int64(wait), user: c.index, gen: c.gen, kind: timerRetry})
}
