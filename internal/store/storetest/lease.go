package storetest

import (
	"context"
	"errors"
	"time"

	"throng"
)

var leaseTests = []test{
	{"Lease/EpochsRise", func(w *world) {
		last := int64(0)
		for _, name := range []string{"a", "b", "a", "c", "a"} {
			n := w.node(name)
			if n.lease.Epoch <= last {
				w.Errorf("epoch %d after %d", n.lease.Epoch, last)
			}
			last = n.lease.Epoch
		}
	}},
	{"Lease/ClockIsTheStores", func(w *world) {
		w.advance(1000 * time.Hour)
		n := w.node("a")
		ahead := time.Duration(n.lease.Now-time.Now().UnixMilli()) * time.Millisecond
		if ahead < 999*time.Hour || ahead > 1001*time.Hour {
			w.Errorf("the lease's time is %v ahead, want 1000h", ahead)
		}
		w.advance(time.Hour)
		if now := n.flush(throng.VisitFlush{}); now < n.lease.Now+time.Hour.Milliseconds() {
			w.Errorf("an hour after %d it is %d", n.lease.Now, now)
		}
	}},
	{"Lease/OfOneNameIsSuperseded", superseded},
	{"Lease/OfOtherNamesStay", func(w *world) {
		a := w.node("a")
		a.opened(visit("ann", a.lease.Now))
		w.node("b")
		a.flush(throng.VisitFlush{})
		w.record(on("a", visit("ann", a.lease.Now)))
	}},
	{"Release/ClosesWithReason", released},
	{"Release/MayBeRepeated", func(w *world) {
		n := w.node("a")
		n.opened(visit("ann", n.lease.Now))
		for range 3 {
			w.no(n.store.Release(w.ctx, n.lease, n.lease.Now+1000, throng.VisitDrained))
		}
		w.record(on("a", ended(visit("ann", n.lease.Now), n.lease.Now+1000, throng.VisitDrained)))
		n.refused(throng.ErrFenced)
		if r, err := w.store.Reap(w.ctx, 0); err != nil || r != (throng.Reaped{}) {
			w.Errorf("a released lease was reaped: %+v, %v", r, err)
		}
	}},
	{"Release/OfALostLease", func(w *world) {
		n := w.node("a")
		w.node("a")
		if err := n.store.Release(w.ctx, n.lease, n.lease.Now, throng.VisitDrained); !errors.Is(err, throng.ErrSuperseded) {
			w.Errorf("Release: %v, want ErrSuperseded", err)
		}
	}},
	{"Close/MayBeRepeated", func(w *world) {
		s := w.another()
		n := w.nodeOn(s, "a")
		for range 2 {
			w.no(s.Close(w.ctx))
		}
		if _, err := s.Flush(w.ctx, n.lease, &throng.VisitFlush{Sequence: 1}); !errors.Is(err, throng.ErrClosed) {
			w.Errorf("Flush after Close: %v, want ErrClosed", err)
		}
		if _, err := s.Online(w.ctx, throng.OnlineQuery{Page: throng.Page{Limit: 1}}); !errors.Is(err, throng.ErrClosed) {
			w.Errorf("Online after Close: %v, want ErrClosed", err)
		}
	}},
	{"Close/LeavesTheRecord", func(w *world) {
		s := w.another()
		n := w.nodeOn(s, "a")
		n.opened(visit("ann", n.lease.Now))
		w.no(s.Close(context.Background()))
		w.record(on("a", visit("ann", n.lease.Now)))
	}},
}

func superseded(w *world) {
	first := w.node("a")
	t := first.lease.Now
	first.opened(visit("ann", t-5000), in("chat", visit("ann", t-4000)), visit("bob", t-3000), watching(in("chat", visit("ann", t-2000))))
	first.flush(throng.VisitFlush{At: t + 1000, Left: []throng.Visit{ended(visit("bob", t-3000), t+500, "")}})
	// Began after the last beat, by the node's word: it ends where it began.
	first.flush(throng.VisitFlush{At: t + 1000, Opened: []throng.Visit{visit("late", t+2000)}})

	second := w.node("a")
	if second.lease.Epoch <= first.lease.Epoch {
		w.Errorf("epoch %d after %d", second.lease.Epoch, first.lease.Epoch)
	}
	first.refused(throng.ErrSuperseded)
	w.record(
		on("a", ended(visit("ann", t-5000), t+1000, throng.VisitCrashed)),
		on("a", ended(in("chat", visit("ann", t-4000)), t+1000, throng.VisitCrashed)),
		on("a", ended(visit("bob", t-3000), t+500, throng.VisitCrashed)),
		on("a", ended(visit("late", t+2000), t+2000, throng.VisitCrashed)),
		on("a", ended(watching(in("chat", visit("ann", t-2000))), t+1000, throng.VisitCrashed)),
	)
	same(w, "online", names(w.online(throng.OnlineQuery{})), nil)
	second.opened(visit("ann", t+3000))
	same(w, "online", names(w.online(throng.OnlineQuery{})), []string{"ann"})
}

func released(w *world) {
	n := w.node("a")
	t := n.lease.Now
	n.opened(visit("ann", t), visit("bob", t+1), visit("cid", t+2), visit("dan", t+9000))
	n.flush(throng.VisitFlush{At: t + 2000, Left: []throng.Visit{
		ended(visit("bob", t+1), t+1500, ""), ended(visit("cid", t+2), t+7000, ""),
	}})
	w.no(n.store.Release(w.ctx, n.lease, t+5000, throng.VisitMoved))
	w.record(
		on("a", ended(visit("ann", t), t+5000, throng.VisitMoved)),
		on("a", ended(visit("bob", t+1), t+1500, throng.VisitMoved)),
		on("a", ended(visit("cid", t+2), t+5000, throng.VisitMoved)),
		on("a", ended(visit("dan", t+9000), t+9000, throng.VisitMoved)),
	)
	same(w, "online", names(w.online(throng.OnlineQuery{})), nil)
}
