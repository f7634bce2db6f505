package loop

import "math/bits"

// tick is a time in units of 64 ms since the wheel was made, so that it fits into
// 32 bits for 8 years. 0 is no time.
type tick uint32

const (
	tickShift  = 6 // milliseconds per tick, as a power of two
	wheelSlots = 1024
	wheelMask  = wheelSlots - 1
	farthest   = tick(1) << 31 // 4 years; later deadlines come early instead of wrapping around
)

// wheel is a hashed timing wheel whose lists run through the connections
// themselves: a timer costs no memory of its own and O(1) to set. A deadline more
// than a lap (65 s) away is passed over until its lap has come.
type wheel struct {
	start int64 // Clock milliseconds of tick 1
	done  tick  // all deadlines up to here have fired
	slots [wheelSlots]*Conn
	used  [wheelSlots / 64]uint64
	due   []*Conn
}

func newWheel(now int64) *wheel {
	return &wheel{start: now - 1<<tickShift, done: 1}
}

// tick returns the tick that a time lies in.
func (w *wheel) tick(ms int64) tick { return tick((ms - w.start) >> tickShift) }

// millis returns the beginning of a tick.
func (w *wheel) millis(t tick) int64 { return w.start + int64(t)<<tickShift }

func (w *wheel) add(c *Conn, at int64) {
	t := w.done + 1
	if at > w.millis(t) {
		at = min(at, w.millis(farthest))
		t = w.tick(at-1) + 1 // round up: never early
	}
	if c.due == t {
		return
	}
	w.remove(c)
	c.due = t
	s := t & wheelMask
	c.next = w.slots[s]
	if c.next != nil {
		c.next.prev = c
	}
	w.slots[s] = c
	w.used[s>>6] |= 1 << (s & 63)
}

func (w *wheel) remove(c *Conn) {
	if c.due == 0 {
		return
	}
	s := c.due & wheelMask
	if c.prev != nil {
		c.prev.next = c.next
	} else {
		w.slots[s] = c.next
		if c.next == nil {
			w.used[s>>6] &^= 1 << (s & 63)
		}
	}
	if c.next != nil {
		c.next.prev = c.prev
	}
	c.next, c.prev, c.due = nil, nil, 0
}

// expire returns the connections whose deadline has come and forgets their
// deadlines. The slice is the wheel's, until the next call.
func (w *wheel) expire(now int64) []*Conn {
	clear(w.due)
	w.due = w.due[:0]
	end := w.tick(now)
	first := w.done + 1
	if end >= w.done+wheelSlots { // slept longer than a lap: every slot once
		first = end - wheelSlots + 1
	}
	for t := first; t <= end; t++ {
		for c := w.slots[t&wheelMask]; c != nil; {
			next := c.next
			if c.due <= end {
				w.remove(c)
				w.due = append(w.due, c)
			}
			c = next
		}
	}
	if end > w.done {
		w.done = end
	}
	return w.due
}

// wait returns how many milliseconds may pass before expire has something to
// do; -1 when no deadline is set.
func (w *wheel) wait(now int64) int64 {
	from := (w.done + 1) & wheelMask
	for i := tick(0); i < wheelSlots; {
		s := (from + i) & wheelMask
		rest := w.used[s>>6] >> (s & 63)
		if rest == 0 {
			i += 64 - s&63
			continue
		}
		i += tick(bits.TrailingZeros64(rest))
		if i >= wheelSlots {
			break
		}
		return max(0, w.millis(w.done+1+i)-now)
	}
	return -1
}
