package memory

import (
	"math"
	"time"

	"throng"
)

const (
	never = math.MaxInt64 // a deadline that does not come
	all   = math.MaxInt   // a budget without a bound
)

// stream is the history of one channel: an epoch, the newest offset, and the
// window of the publications that are still kept. It knows nothing of locks,
// timers or other channels.
type stream struct {
	epoch     string
	top       uint64 // the offset of the newest publication, 0 when there was none
	retention throng.Retention
	window    window // offsets top-n+1 … top, without a hole

	// lost is the newest offset that left the window before its own deadline, and
	// lostUntil the last deadline among all of those: a reader who was behind lost
	// misses something until then, and nothing once they all have expired.
	lost      uint64
	lostUntil int64
}

func (s *stream) position() throng.Position {
	return throng.Position{Offset: s.top, Epoch: s.epoch}
}

// append gives p the next offset and keeps it. Callers read the clock before
// they get the lock, so now may step back; the window's times don't.
func (s *stream) append(p *throng.Publication, now int64) throng.Position {
	if last := s.window.newest(); last != nil {
		now = max(now, last.Time)
	}
	s.top++
	p.Offset, p.Epoch, p.Time = s.top, s.epoch, now
	s.retireOld(now, all)
	for s.window.len() >= s.retention.Size || s.window.len() > 0 && s.heavy(weight(p)) {
		s.retire(now)
	}
	s.window.push(p, s.retention.Size)
	s.window.fit() // after the push: a window of one would lose its ring each time
	return s.position()
}

// trim lets at most budget publications go that are over by time, by their own
// deadline, or by a window that was made smaller. It returns how many went.
func (s *stream) trim(now int64, budget int) int {
	gone := s.retireOld(now, budget)
	if gone > 0 {
		s.window.fit()
	}
	return gone
}

func (s *stream) retireOld(now int64, budget int) int {
	life, gone := ttl(s.retention), 0
	for p := s.window.oldest(); p != nil && gone < budget; p = s.window.oldest() {
		if p.Time+life > now && !p.Expired(now) && s.window.len() <= s.retention.Size && (s.window.len() == 1 || !s.heavy(0)) {
			break
		}
		s.retire(now)
		gone++
	}
	return gone
}

// heavy reports whether the window and so many bytes more are over the bound.
func (s *stream) heavy(more int64) bool {
	return s.retention.Bytes > 0 && s.window.bytes+more > s.retention.Bytes
}

// retire takes the oldest publication out of the window.
func (s *stream) retire(now int64) {
	p := s.window.drop()
	if p.Expired(now) {
		return
	}
	s.lost = p.Offset
	if p.ExpiresAt == 0 {
		s.lostUntil = never
	}
	s.lostUntil = max(s.lostUntil, p.ExpiresAt)
}

// clear empties the window. Whatever was published counts as lost.
func (s *stream) clear() {
	s.window.clear()
	s.lost, s.lostUntil = s.top, never
}

// read answers a history request from what the window holds. A position of
// another epoch, or in the future, has nothing after it that could be told. It returns too
// how many expired publications it passed over.
func (s *stream) read(req *throng.HistoryRequest, now int64) (res throng.HistoryResult, passed int) {
	res = throng.HistoryResult{Position: s.position(), Complete: true}
	first := 0
	if since := req.Since; since != nil {
		if since.Epoch != s.epoch || since.Offset > s.top {
			res.Complete = false
			return res, 0
		}
		res.Complete = since.Offset >= s.lost || now >= s.lostUntil
		if before := s.top - uint64(s.window.len()); since.Offset > before {
			first = int(since.Offset - before)
		}
	}
	res.Publications, passed = s.window.read(first, req.Limit, req.Reverse, now)
	return res, passed
}

// ttl is a retention's time in Clock milliseconds, at least one.
func ttl(r throng.Retention) int64 { return milliseconds(r.TTL) }

// milliseconds rounds up, so that nothing positive lasts for no time at all.
func milliseconds(d time.Duration) int64 {
	ms := d.Milliseconds()
	if d > time.Duration(ms)*time.Millisecond {
		ms++
	}
	return ms
}
