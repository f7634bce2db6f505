package loop

import (
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// wire is the connection under a tls.Conn. It has three ways:
//   - as the net.Conn that it holds, for the handshake and for net/http;
//   - a stream's: all that is written is kept, and the stream's writer passes it
//     on. crypto/tls can't go on after a write deadline, and the reader, which may
//     have something to answer, must not wait until the peer takes it;
//   - on a loop: the descriptor alone, and no call waits.
type wire struct {
	nc     net.Conn // nil on a loop
	fd     int32    // -1 unless on a loop
	dry    bool     // on a loop: the descriptor has no more this turn
	room   int32    // on a loop: bytes that may yet be read this turn
	in     []byte   // comes before what nc has
	large  bool     // the tls.Conn has large buffers
	stream *stream  // whose it is

	mu   sync.Mutex // of what follows
	out  []byte     // encrypted and not written
	took int64      // bytes written since the beginning

	waiting atomic.Int32 // bytes of out, and of what pass is writing
}

// maxWaiting is how much may wait while the peer is heard: who makes us answer
// (RFC 8446, 4.6.3) and doesn't read is cut off.
const maxWaiting = 64 << 10

// errDry is a temporary net.Error, which crypto/tls forgets.
var errDry net.Error = dry{}

type dry struct{}

func (dry) Error() string   { return "nothing to read now" }
func (dry) Timeout() bool   { return true }
func (dry) Temporary() bool { return true }

// Read implements net.Conn.
func (w *wire) Read(p []byte) (int, error) {
	if len(p) > spareIn { // all that its buffer has room for
		w.large = true
	}
	if len(w.in) > 0 {
		n := copy(p, w.in)
		if w.in = w.in[n:]; len(w.in) == 0 {
			w.in = nil
		}
		return n, nil
	}
	switch {
	case w.waiting.Load() > maxWaiting:
		return 0, ErrSlow
	case w.stream != nil && w.waits(): // the reader answered something
		w.stream.loop.Post((*streamProd)(w.stream))
	}
	switch {
	case w.fd >= 0:
		return w.readFD(p)
	case w.nc == nil:
		return 0, net.ErrClosed
	}
	return w.nc.Read(p)
}

// turn lets so much be read from the descriptor that it fits the loop's read
// buffer, together with the begun record that may be inside already.
func (w *wire) turn() { w.dry, w.room = false, readBuffer-recordSize }

func (w *wire) readFD(p []byte) (int, error) {
	if w.dry || w.room == 0 {
		return 0, errDry
	}
	p = p[:min(len(p), int(w.room))]
	n, err := readFD(int(w.fd), p)
	switch {
	case err == errAgain:
		w.dry = true
		return 0, errDry
	case err != nil:
		// Not an errno as it is: ETIMEDOUT would pass for a temporary error.
		return 0, os.NewSyscallError("read", err)
	case n == 0:
		return 0, io.EOF
	}
	w.room -= int32(n)
	w.dry = n < len(p) // so that nobody has to ask only to hear that it is
	return n, nil
}

// Write implements net.Conn.
func (w *wire) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	waits := w.waits()
	if w.stream != nil || waits && w.fd >= 0 {
		w.keep(b) // whoever wants it written calls pass
		return len(b), nil
	}
	if waits {
		old := w.out
		w.out = nil
		n, err := w.write(old)
		w.taken(old, n)
		if err != nil {
			return 0, err
		}
	}
	n, err := w.write(b)
	w.took += int64(n)
	if w.fd >= 0 && (err == nil || err == errAgain) {
		w.keep(b[n:])
		return len(b), nil
	}
	return n, err
}

// pass writes what waits and returns how much went. There is one at a time, and
// more may be kept meanwhile.
func (w *wire) pass() (n int, err error) {
	w.mu.Lock()
	b := w.out
	w.out = nil
	w.mu.Unlock()
	if len(b) > 0 {
		n, err = w.write(b)
	}
	w.mu.Lock()
	w.taken(b, n)
	w.mu.Unlock()
	return n, err
}

// taken notes that the first n bytes of b were written, which go before what
// waits.
func (w *wire) taken(b []byte, n int) {
	w.took += int64(n)
	w.waiting.Add(-int32(n))
	switch rest := b[n:]; {
	case len(rest) > 0:
		w.out = append(rest, w.out...)
	case w.out == nil && w.stream != nil && cap(b) <= spareOut:
		w.out = b[:0]
	}
}

// spareOut is the most that an idle stream keeps for its ciphertext; on a loop
// nothing is.
const spareOut = 1 << 10

func (w *wire) write(b []byte) (n int, err error) {
	switch {
	case w.fd >= 0:
		if n, err = writeFD(int(w.fd), b); err != nil && err != errAgain {
			err = os.NewSyscallError("write", err)
		}
		return n, err
	case w.nc == nil:
		return 0, net.ErrClosed
	}
	return w.nc.Write(b)
}

func (w *wire) keep(b []byte) {
	if len(b) > 0 {
		w.out = append(w.out, b...)
		w.waiting.Add(int32(len(b)))
	}
}

// waits reports whether something is encrypted and not written.
func (w *wire) waits() bool { return w.waiting.Load() > 0 }

// board makes the wire a descriptor's, for a loop. After an error nothing has
// changed.
func (w *wire) board() error {
	fd, err := takeFD(w.nc)
	if err == nil {
		w.fd, w.nc = int32(fd), nil
	}
	return err
}

// leave makes the wire a net.Conn's again.
func (w *wire) leave(nc net.Conn) { w.fd, w.nc = -1, nc }

// Close implements net.Conn.
func (w *wire) Close() error {
	if w.fd >= 0 {
		closeFD(int(w.fd))
		w.fd = -1
		return nil
	}
	if w.nc == nil {
		return net.ErrClosed
	}
	return w.nc.Close()
}

// SetDeadline implements net.Conn; on a loop nothing waits.
func (w *wire) SetDeadline(t time.Time) error {
	if w.nc == nil {
		return nil
	}
	return w.nc.SetDeadline(t)
}

// SetReadDeadline implements net.Conn.
func (w *wire) SetReadDeadline(t time.Time) error {
	if w.nc == nil {
		return nil
	}
	return w.nc.SetReadDeadline(t)
}

// SetWriteDeadline implements net.Conn.
func (w *wire) SetWriteDeadline(t time.Time) error {
	if w.nc == nil {
		return nil
	}
	return w.nc.SetWriteDeadline(t)
}

// LocalAddr implements net.Conn.
func (w *wire) LocalAddr() net.Addr {
	if w.nc == nil {
		return (*net.TCPAddr)(nil)
	}
	return w.nc.LocalAddr()
}

// RemoteAddr implements net.Conn.
func (w *wire) RemoteAddr() net.Addr {
	if w.nc == nil {
		return (*net.TCPAddr)(nil)
	}
	return w.nc.RemoteAddr()
}
