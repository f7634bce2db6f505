package loop

import (
	"errors"
	"io"
	"net"
	"net/netip"
)

// sealed is the carrier of a Secure on a loop: the descriptor is registered like
// any other, and what is read and written goes through the tls.Conn.
type sealed Secure

// recordSize is the most plaintext that is encrypted at a time (RFC 8446, 5.1):
// what was encrypted must be written, whatever its deadline.
const recordSize = 16 << 10

// start reads what came with the client's last word of the handshake. It lies
// inside the tls.Conn, and epoll does not know of it.
func (t *sealed) start() { t.readable() }

// readable hands over what came. The tls.Conn is asked until it has nothing
// complete left, because no readiness would tell of that.
func (t *sealed) readable() {
	c := t.c
	l := c.loop
	t.wire.turn()
	for {
		off := l.input(c)
		n, err := t.fill(l.rbuf[off:])
		if n > 0 {
			l.received(c, off, n)
		}
		if c.is(flagGone) || c.is(flagEnded) && !c.is(flagFinishing) {
			return
		}
		if t.wire.waits() { // an answer to a KeyUpdate
			c.touch()
		}
		switch {
		case err != nil && err != errDry:
			t.end(err)
			return
		case l.throttle(c):
			c.watch()
			return // what is inside comes after resume
		case err == errDry:
			(*Secure)(t).slim()
			return
		}
	}
}

// fill reads until b is full or there is an error. One Read brings no more than
// one record, and the handler should see small ones together.
func (t *sealed) fill(b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var k int
		k, err = t.Read(b[n:])
		n += k
	}
	return n, err
}

// end is told that nothing more will come. An end without a close_notify is an
// end: what is carried has its own framing, and would not be cut short unseen.
func (t *sealed) end(err error) {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	c := t.c
	c.loop.eof(c, err)
	if c.is(flagDeaf) { // nothing to read any more, but something to write
		c.flags |= flagPaused
		c.watch()
	}
}

// write passes on what was encrypted before, and then encrypts no more than a
// record, so that what waits in the queue still expires and can be shed.
func (t *sealed) write(q *queue) (n int, moved bool, err error) {
	l := t.c.loop
	before := t.wire.took
	if t.wire.waits() {
		l.stats.Writes.Add(1)
		if _, err = t.wire.pass(); err == nil && t.wire.waits() {
			return 0, t.wire.took > before, nil // the flush comes again
		}
		if err != nil {
			return 0, t.wire.took > before, err
		}
	}
	if t.shut {
		t.shut = false
		shutdownFD(int(t.wire.fd))
	}
	if q.empty() {
		return 0, t.wire.took > before, nil
	}
	b := q.front()
	if q.head+1 < len(q.segs) && len(b) < recordSize {
		b = q.gather(l.wbuf[:0:recordSize])
	}
	b = b[:min(len(b), recordSize)]
	// What is encrypted must be written. So what has a deadline is only if the kernel
	// will take some of it at once.
	if q.timed(len(b)) && !roomy(int(t.wire.fd)) {
		return 0, t.wire.took > before, errAgain
	}
	at := l.moment(q)
	if q.due(len(b), at/1000) {
		return 0, t.wire.took > before, nil // the flush expires it, and comes again
	}
	if n, err = t.Write(b); err != nil {
		return 0, false, err
	}
	l.stats.Writes.Add(1)
	l.stats.BytesOut.Add(uint64(n))
	l.stats.began(q, n, at)
	return n, t.wire.took > before, nil
}

func (t *sealed) busy() bool { return t.wire.waits() }

// resume reads what readable left inside the tls.Conn.
func (t *sealed) resume() { t.c.loop.Post((*sealedRead)(t.c)) }

// sealedRead is the task that goes on reading.
type sealedRead Conn

func (r *sealedRead) Run(int) {
	if c := (*Conn)(r); !c.is(flagGone | flagPaused) { // a Secure that left may be on another loop
		c.carrier.(*sealed).readable()
	}
}

// closeWrite says close_notify; our direction ends behind it.
func (t *sealed) closeWrite() {
	_ = t.Conn.CloseWrite()
	if t.wire.waits() {
		t.shut = true
		t.c.touch()
		return
	}
	shutdownFD(int(t.wire.fd))
}

// close says close_notify, if it was not said and there is room for it.
func (t *sealed) close() { _ = t.Conn.Close() }

// detach returns the Secure. What was read and not seen, and what was encrypted
// and not written, is inside.
func (t *sealed) detach() (net.Conn, []byte, []Frame, error) {
	nc, err := t.c.detachFD()
	if err != nil {
		return nil, nil, nil, err
	}
	t.wire.leave(nc)
	t.c = nil
	return (*Secure)(t), nil, nil, nil
}

func (t *sealed) peer() netip.AddrPort { return peerAddr(int(t.c.fd)) }
