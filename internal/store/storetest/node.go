package storetest

import (
	"errors"

	"throng"
)

// node is a node: a lease, and the flushes that were made by it.
type node struct {
	*world
	store throng.Visits
	lease throng.Lease
	seq   int64
}

func (w *world) node(name string) *node {
	w.Helper()
	return w.nodeOn(w.store, name)
}

func (w *world) nodeOn(s throng.Visits, name string) *node {
	w.Helper()
	lease, err := s.Acquire(w.ctx, name)
	w.no(err)
	if lease.NodeID != name || lease.Epoch <= 0 || lease.Now <= 0 {
		w.Fatalf("Acquire(%q) = %+v", name, lease)
	}
	return &node{world: w, store: s, lease: lease}
}

// flush makes the next flush, which must succeed.
func (n *node) flush(f throng.VisitFlush) (now int64) {
	n.Helper()
	now, err := n.try(f)
	n.no(err)
	return now
}

func (n *node) try(f throng.VisitFlush) (now int64, err error) {
	n.seq++
	f.Sequence = n.seq
	if f.At == 0 {
		f.At = n.lease.Now
	}
	return n.store.Flush(n.ctx, n.lease, &f)
}

// opened makes a flush of visits that began.
func (n *node) opened(visits ...throng.Visit) {
	n.Helper()
	n.flush(throng.VisitFlush{Opened: visits})
}

// closed makes a flush of visits that ended.
func (n *node) closed(visits ...throng.Visit) {
	n.Helper()
	n.flush(throng.VisitFlush{Closed: visits})
}

// refused checks that the lease can't be used any more.
func (n *node) refused(want error) {
	n.Helper()
	if _, err := n.try(throng.VisitFlush{Opened: []throng.Visit{visit("late", n.lease.Now)}}); !errors.Is(err, want) {
		n.Errorf("Flush: %v, want %v", err, want)
	}
	if _, err := n.try(throng.VisitFlush{}); !errors.Is(err, want) {
		n.Errorf("an empty Flush: %v, want %v", err, want)
	}
}

// visit is one of the whole service; with an end, one that ended.
func visit(user string, times ...int64) throng.Visit {
	v := throng.Visit{User: user, StartedAt: times[0]}
	if len(times) > 1 {
		v.EndedAt, v.Reason = times[1], throng.VisitLeft
	}
	return v
}

// in is the visit in a channel.
func in(channel string, v throng.Visit) throng.Visit {
	v.Channel = channel
	return v
}

// watching is the visit as one that watches.
func watching(v throng.Visit) throng.Visit {
	v.Kind = throng.Watching
	return v
}

// on is the visit as the store tells it: with its node.
func on(node string, v throng.Visit) throng.Visit {
	v.Node = node
	return v
}

// ended is the visit with an end.
func ended(v throng.Visit, at int64, why throng.VisitReason) throng.Visit {
	v.EndedAt, v.Reason = at, why
	return v
}
