package loop

import (
	"errors"
	"os"
	"time"
)

// What a writer does for a Secure: tls.Conn.Write takes all, and pass writes what
// the peer didn't take in time.

// seal encrypts and writes b as long as the peer takes any of it within the write
// timeout. Nothing is encrypted while older ciphertext waits, and none waits when
// it returns, unless the loop gave the stream up. It reports how much was encrypted.
func (w *writer) seal(b []byte) (n int, left bool, err error) {
	s := w.stream
	for {
		if left, err = w.pass(); left || err != nil || n == len(b) {
			return n, left, err
		}
		k, err := s.secure.Write(b[n:min(len(b), n+recordSize)])
		if err != nil {
			return n, false, err
		}
		s.loop.stats.BytesOut.Add(uint64(k))
		n += k
	}
}

// sealUntil gives up a segment that is not encrypted at its deadline. What is encrypted
// must be written, so that is done only when the kernel will take some of it at once.
func (w *writer) sealUntil(seg *segment) error {
	left, err := w.pass()
	for !left && err == nil {
		look, over := w.look(seg)
		if over {
			return nil
		}
		var room bool
		if room, left, err = w.room(look.by); room {
			return w.sealNow(seg)
		}
		if !left && err == nil && look.left > w.timeout() {
			return ErrSlow
		}
	}
	if left {
		w.leave([]segment{*seg}, 0)
		return nil
	}
	return err
}

// sealNow encrypts and writes a segment, unless its time has come meanwhile.
func (w *writer) sealNow(seg *segment) error {
	look, over := w.look(seg)
	if over {
		return nil
	}
	w.stream.loop.stats.begun([]segment{*seg}, look.at)
	return w.end(seg, 0)
}

// room waits, no longer than by then, until the kernel takes something. It reports whether
// the loop gave the stream up. Where there is no asking, as in a pipe, it is taken to.
func (w *writer) room(by time.Time) (room, left bool, err error) {
	rc, err := w.stream.socket()
	if rc == nil || err != nil {
		return err == nil, false, err
	}
	if left, err = w.allow(by); left || err != nil {
		return false, left, err
	}
	err = rc.Write(func(fd uintptr) bool { return roomy(int(fd)) })
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return false, w.gaveUp(), nil
	}
	return err == nil, false, err
}

// pass writes the ciphertext that waits. It reports whether the loop gave the
// stream up.
func (w *writer) pass() (left bool, err error) {
	wire := &w.stream.secure.wire
	for wire.waits() {
		if left, err := w.allow(time.Now().Add(w.timeout())); left || err != nil {
			return left, err
		}
		n, err := wire.pass()
		w.stream.loop.stats.Writes.Add(1)
		switch {
		case err == nil:
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return false, err
		case w.gaveUp():
			return true, nil
		case n == 0:
			return false, ErrSlow
		}
	}
	return false, nil
}

// farewell says close_notify behind what waits, if the peer takes it soon.
func (w *writer) farewell() {
	s := w.stream.secure
	if s.wire.waits() {
		return // it doesn't
	}
	_ = s.Conn.CloseWrite()
	_ = s.SetWriteDeadline(time.Now().Add(farewellTime))
	_, _ = s.wire.pass()
}

const farewellTime = time.Second
