package load

import "throng/internal/bench/report"

// tracker is what a subscriber has seen of one sender.
type tracker struct {
	user uint32
	seq  uint32 // the highest number that came; 0: none yet
	from uint32 // the first number whose absence is a gap
	seen uint64 // bit i: whether seq-i came
}

// window is how far back a tracker tells a repetition from a late arrival.
const window = 64

// take notes a message and counts what is wrong with it, and reports whether it
// came for the first time. whole says that the subscriber was there before the
// sender's first message.
func (t *tracker) take(seq uint32, whole bool, c *report.Checks) bool {
	switch {
	case t.seq == 0 && !whole:
		t.seq, t.from, t.seen = seq, seq, 1
	case seq > t.seq:
		ahead := seq - t.seq
		c.Gaps += int64(ahead - 1)
		t.seen = t.seen<<min(ahead, window) | 1
		t.seq = seq
	case t.seq-seq < window && t.seen&(1<<(t.seq-seq)) == 0:
		c.Reordered++
		if seq >= t.from {
			c.Gaps-- // counted as one before: not lost, only late
		}
		t.seen |= 1 << (t.seq - seq)
	default:
		c.Duplicates++
		return false
	}
	return true
}
