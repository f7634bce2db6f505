package visits

import "throng"

// renew makes a lease the one that all entries are said under. What the store had
// open under the one before has ended there: when the last client left, if that had
// been said, and else at the last flush that was applied. From there on it goes on,
// so that nothing is lost and nothing is there twice. at and now are the same moment
// on the node's clock and on the store's: if that is far from what was reckoned, all
// times are moved by the difference, and so are true to their lengths.
func (l *Ledger) renew(lease throng.Lease, at, now int64) {
	n := renewal{cut: l.cut, acked: l.acked, frame: l.frame.Load()}
	if off := now - n.frame.at(at); l.held.Epoch == 0 || off > stepFrom || off < -stepFrom {
		n.shift = off
		n.frame = newFrame(at, now-at)
	}
	for i := range l.shards {
		s := &l.shards[i]
		s.mu.Lock()
		n.shard(l, s)
		s.mu.Unlock()
	}
	l.held = lease
	l.frame.Store(n.frame)
	l.sequence, l.acked = 1, 1
	l.said, l.cut = lease.Now, lease.Now
}

// renewal is what changes with a new lease.
type renewal struct {
	cut   int64  // when what was open ended, in the old time
	acked uint32 // the last flush of the old lease that was applied
	shift int64
	frame *frame
}

// knew reports whether a flush was applied.
func (n *renewal) knew(flush uint32) bool { return flush != 0 && flush <= n.acked }

// from is where a visit goes on that the old lease may have had open.
func (n *renewal) from(started, told int64, opened, said uint32) int64 {
	switch {
	case !n.knew(opened):
		return started
	case n.knew(said):
		return max(started, min(told, n.cut))
	}
	return max(started, n.cut)
}

func (n *renewal) shard(l *Ledger, s *shard) {
	s.each(func(e *entry) { n.entry(l, s, e) })
	keep := s.closed[:0]
	for _, c := range s.closed {
		v := &c.visit
		v.StartedAt = n.from(v.StartedAt, c.told, c.opened, c.said)
		if v.EndedAt <= v.StartedAt {
			continue
		}
		v.StartedAt += n.shift
		v.EndedAt += n.shift
		c.opened, c.said, c.back = 0, 0, false
		keep = append(keep, c)
	}
	l.pending.Add(int64(len(keep) - len(s.closed)))
	clear(s.closed[len(keep):])
	s.closed = keep
	if s.unsaid != 0 {
		s.unsaid += n.shift
	}
	s.frame = n.frame
}

func (n *renewal) entry(l *Ledger, s *shard, e *entry) {
	if e.is(isParked) {
		if e.left != 0 {
			e.left += n.shift
		}
		return
	}
	e.started = n.from(e.started, e.told, e.opened, e.said) + n.shift
	if e.left != 0 {
		e.left = max(e.left+n.shift, e.started)
	}
	e.opened, e.said = 0, 0
	e.flags &^= isBack
	if e.clients > 0 || e.left > e.started {
		l.freshen(s, e)
	}
}
