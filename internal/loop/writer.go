package loop

import (
	"errors"
	"os"
	"time"
)

// writer is the half of a stream that writes, on a goroutine of its own.
type writer struct {
	stream *stream
	buf    []byte
	err    error   // of the last batch; read by the loop while the writer rests
	rest   []Frame // what could not be written because the loop gave the stream up
}

func (w *writer) run() {
	s := w.stream
	defer close(s.ended[1])
	defer w.close()
	for {
		select {
		case <-s.quit:
			return
		case batch := <-s.batches:
			if batch == nil {
				w.closeWrite()
				continue
			}
			w.err = w.batch(batch)
			s.loop.Post((*streamWrote)(s))
		}
	}
}

func (w *writer) close() {
	if s := w.stream; !s.kept {
		if s.secure != nil {
			w.farewell()
		}
		_ = s.nc.Close()
	}
}

func (w *writer) closeWrite() {
	if w.stream.secure != nil {
		w.farewell()
	}
	if cw, ok := w.stream.nc.(interface{ CloseWrite() error }); ok {
		_ = cw.CloseWrite()
		return
	}
	_ = w.stream.nc.Close() // all was written; the reader sees the end and says so
}

// batch makes one write of all segments without a deadline that follow one
// another; one with a deadline is written by itself, if its time has not come.
func (w *writer) batch(batch []segment) error {
	from := 0
	for i := range batch {
		if batch[i].expires == 0 {
			continue
		}
		if err := w.together(batch[from:i]); err != nil {
			return err
		}
		if err := w.writeUntil(&batch[i]); err != nil {
			return err
		}
		from = i + 1
	}
	return w.together(batch[from:])
}

// together writes segments without a deadline.
func (w *writer) together(segs []segment) error {
	w.buf = w.buf[:0]
	for i := range segs {
		w.buf = append(w.buf, segs[i].b...)
	}
	if len(segs) > 0 {
		w.stream.loop.stats.begun(segs, w.stream.loop.clock.Micros())
	}
	n, left, err := w.writeAll(w.buf)
	if left {
		w.leave(segs, n)
	}
	if cap(w.buf) > writeBuffer {
		w.buf = nil
	}
	return err
}

// writeAll writes b as long as the peer takes any of it within the write timeout. It
// reports how much went, and whether the loop gave the stream up.
func (w *writer) writeAll(b []byte) (n int, left bool, err error) {
	if w.stream.secure != nil {
		return w.seal(b)
	}
	for n < len(b) {
		k, left, err := w.write(b[n:], time.Now().Add(w.timeout()))
		n += k
		switch {
		case left:
			return n, true, nil
		case err == nil:
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return n, false, err
		case k == 0:
			return n, false, ErrSlow
		}
	}
	return n, false, nil
}

// end writes the rest of a segment that was begun: it must be ended.
func (w *writer) end(seg *segment, sent int) error {
	n, left, err := w.writeAll(seg.b[sent:])
	if left {
		w.leave([]segment{*seg}, sent+n)
	}
	return err
}

// leave notes what the loop, which gave the stream up, gets back of segments whose first
// bytes were written: the rest of what was begun is nobody's to drop.
func (w *writer) leave(segs []segment, sent int) {
	for i := range segs {
		f := segs[i].frame()
		if sent > 0 {
			f = Frame{B: f.B[min(sent, len(f.B)):]}
			sent -= len(segs[i].b) - len(f.B)
		}
		if len(f.B) > 0 {
			w.rest = append(w.rest, f)
		}
	}
}

// look is a look at the clock for a segment with a deadline: what is decided, written and
// counted goes by this one, however long the goroutine is kept from it.
type look struct {
	at   int64         // when it was, in a Clock's Micros
	left time.Duration // until the deadline
	by   time.Time     // when that is, or the write timeout's end if that is sooner
}

// look reports too whether the segment has expired, and counts it then.
func (w *writer) look(seg *segment) (l look, over bool) {
	const long = int64(time.Hour / time.Microsecond) // a far deadline does not fit a Duration
	now := time.Now()
	l.at = w.stream.loop.clock.Micros()
	l.left = time.Duration(min(seg.expires*1000-l.at, long)) * time.Microsecond
	l.by = now.Add(min(l.left, w.timeout()))
	if over = l.left <= 0; over {
		w.stream.loop.stats.Expired.Add(1)
	}
	return l, over
}

// writeUntil gives up a segment of which nothing was written by its deadline.
func (w *writer) writeUntil(seg *segment) error {
	if w.stream.secure != nil {
		return w.sealUntil(seg)
	}
	look, over := w.look(seg)
	if over {
		return nil
	}
	n, left, err := w.write(seg.b, look.by)
	if n > 0 {
		w.stream.loop.stats.begun([]segment{*seg}, look.at)
	}
	switch {
	case left:
		w.leave([]segment{*seg}, n)
		return nil
	case err == nil:
		return nil
	case !errors.Is(err, os.ErrDeadlineExceeded):
		return err
	case n > 0:
		return w.end(seg, n)
	case look.left > w.timeout():
		return ErrSlow
	}
	w.stream.loop.stats.Expired.Add(1)
	return nil
}

func (w *writer) timeout() time.Duration { return w.stream.loop.engine.opts.WriteTimeout }

// write makes one write, which ends by then. It reports whether the loop
// gave the stream up, before or meanwhile.
func (w *writer) write(b []byte, by time.Time) (n int, left bool, err error) {
	s := w.stream
	if left, err = w.allow(by); left || err != nil {
		return 0, left, err
	}
	n, err = s.nc.Write(b)
	s.loop.stats.Writes.Add(1)
	s.loop.stats.BytesOut.Add(uint64(n))
	return n, err != nil && w.gaveUp(), err
}

// allow gives the next write a time to end by, unless the loop gave the stream up.
func (w *writer) allow(by time.Time) (left bool, err error) {
	s := w.stream
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.left {
		err = s.nc.SetWriteDeadline(by)
	}
	return s.left, err
}

// gaveUp reports whether the loop gave the stream up.
func (w *writer) gaveUp() bool {
	w.stream.mu.Lock()
	defer w.stream.mu.Unlock()
	return w.stream.left
}
