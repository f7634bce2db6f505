package visits

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"

	"throng"
)

// acquire begins a lease and tells the shards of it, trying until it has one or ctx
// ends.
func (l *Ledger) acquire(ctx context.Context) bool {
	for ctx.Err() == nil {
		err := l.tryAcquire(ctx)
		if err == nil {
			return true
		}
		if errors.Is(err, throng.ErrSuperseded) { // already
			l.rename()
			continue
		}
		if !l.away.wait(ctx, l, err) {
			break
		}
	}
	return false
}

// tryAcquire makes one attempt. The store first closes the visits of the lease before
// it, which may be many; what was done of that by an attempt that takes too long needs
// not be done by the next one.
func (l *Ledger) tryAcquire(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, l.patience())
	defer cancel()
	lease, err := l.opts.Store.Acquire(ctx, *l.name.Load())
	if err != nil {
		return err
	}
	// That may have taken long. A beat is quick, and says what time it is.
	first := throng.VisitFlush{Sequence: 1, At: lease.Now}
	asked := l.clock.Now()
	now, err := l.opts.Store.Flush(ctx, lease, &first)
	if err != nil {
		return err
	}
	answered := l.clock.Now()
	l.progress()
	l.renew(lease, (asked+answered)/2, now)
	l.steady.beat(answered, l.opts.TTL)
	l.away.over(l)
	l.beatDue = answered + l.opts.Beat.Milliseconds()
	l.stats.Leases.Add(1)
	l.log.Info("visits are recorded", "as", lease.NodeID, "lease", lease.Epoch, "clock_offset_ms", l.frame.Load().at(answered)-answered)
	return nil
}

// lost takes back what a flush said that the store refused, and begins a new lease.
func (l *Ledger) lost(ctx context.Context, f *flush, why error) {
	l.takeBack(f)
	l.steady.reset()
	if errors.Is(why, throng.ErrSuperseded) {
		l.rename()
	} else {
		l.stats.Fenced.Add(1)
		l.log.Warn("this node was taken for dead; its visits go on under a new lease", "ttl", l.opts.TTL.String(),
			"hint", "the store did not hear of it for visits.ttl: it was away, slow, or this machine was busy or suspended")
	}
	l.acquire(ctx)
}

// rename gives the node a name that no other process has: two of one name would take
// the lease from each other for ever.
func (l *Ledger) rename() {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	name := l.opts.Node + "~" + hex.EncodeToString(b[:])
	l.stats.Superseded.Add(1)
	l.log.Error("another process runs under the name of this node, or took its place; the visits of this one are kept under another name from now on",
		"was", l.Name(), "now", name, "hint", "give each node a node_name of its own")
	l.name.Store(&name)
}

// takeBack puts what a flush said that was not applied back where it waited. What it
// said of visits that began, or whose last client left for the first time, is found out
// again: they have its number.
func (l *Ledger) takeBack(f *flush) {
	l.unknown = nil
	for _, n := range f.news {
		s := l.shard(n.e.user)
		s.mu.Lock()
		s.unsay(n)
		s.mu.Unlock()
	}
	for _, c := range f.ended {
		s := l.shard(c.visit.User)
		s.mu.Lock()
		s.closed = append(s.closed, c)
		s.mu.Unlock()
	}
	l.pending.Add(int64(len(f.ended)))
	f.ended = nil
	l.points = append(l.points, f.Occupancy...)
}

// unsay notes that the store was not told that a client came back, or left once more.
// The visit may have ended since; a flush opens one at most for the same user and place.
func (s *shard) unsay(n news) {
	if n.e.opened == n.opened && !n.e.is(isOver) {
		n.e.said, n.e.told = n.said, n.told
		n.e.flags |= isBack
		return
	}
	of := n.e.visit()
	for i := range s.closed {
		c := &s.closed[i]
		if v := &c.visit; c.opened == n.opened && v.User == of.User && v.Channel == of.Channel && v.Kind == of.Kind {
			c.said, c.told, c.back = n.said, n.told, true
		}
	}
}

// stepped begins a new lease if the store's clock was found to be set, and reports
// whether it did. What is open ends in the old time, and goes on in the new one at the
// same moment.
func (l *Ledger) stepped(ctx context.Context) bool {
	by := l.away.step
	if l.away.step = 0; by == 0 {
		return false
	}
	l.stats.Steps.Add(1)
	l.log.Warn("the clock of the store of visits was set; what is open goes on in the new time", "by_ms", by)
	for more := true; more; {
		var f *flush
		f, more = l.collect(true)
		if !l.sendOld(ctx, f) {
			return true
		}
	}
	rctx, cancel := context.WithTimeout(ctx, l.patience())
	defer cancel()
	// Should that fail, or be in doubt, the next lease ends what is open at the same
	// time, which is the last flush's.
	if err := l.opts.Store.Release(rctx, l.held, l.cut, throng.VisitMoved); err != nil {
		l.log.Debug("a lease was not released", "error", err)
	}
	l.acquire(ctx)
	return true
}

// sendOld is send in a time that is over.
func (l *Ledger) sendOld(ctx context.Context, f *flush) bool {
	l.sequence, l.said = uint32(f.Sequence), f.At
	for {
		l.unknown = f
		err := l.try(ctx, f)
		l.away.step = 0
		switch {
		case err == nil:
			return true
		case errors.Is(err, throng.ErrFenced), errors.Is(err, throng.ErrSuperseded):
			l.lost(ctx, f, err)
			return false
		case !l.away.wait(ctx, l, err):
			return false
		}
	}
}
