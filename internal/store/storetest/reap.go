package storetest

import (
	"fmt"
	"time"

	"throng"
)

var reapTests = []test{
	{"Reap/TheSilent", func(w *world) {
		dead, alive := w.node("dead"), w.node("alive")
		t := dead.lease.Now
		dead.opened(visit("ann", t), visit("bob", t+1))
		alive.opened(visit("cid", t+2))
		w.advance(6 * time.Second)
		alive.flush(throng.VisitFlush{At: t + 6000})
		w.advance(5 * time.Second)
		r, err := w.store.Reap(w.ctx, 10*time.Second)
		w.no(err)
		if r != (throng.Reaped{Leases: 1, Visits: 2}) {
			w.Errorf("Reap: %+v, want one lease and two visits", r)
		}
		w.record(on("dead", ended(visit("ann", t), t, throng.VisitCrashed)),
			on("dead", ended(visit("bob", t+1), t+1, throng.VisitCrashed)), on("alive", visit("cid", t+2)))
		same(w, "online", names(w.online(throng.OnlineQuery{})), []string{"cid"})
		dead.refused(throng.ErrFenced)
		if r, err := w.store.Reap(w.ctx, 10*time.Second); err != nil || r != (throng.Reaped{}) {
			w.Errorf("the second time: %+v, %v", r, err)
		}
		alive.flush(throng.VisitFlush{})
	}},
	{"Reap/ByTheStoresClockOnly", func(w *world) {
		n := w.node("a")
		// The node reckons that it is long ago; it beats all the same.
		n.flush(throng.VisitFlush{At: n.lease.Now - 1_000_000})
		if r, err := w.store.Reap(w.ctx, 10*time.Second); err != nil || r != (throng.Reaped{}) {
			w.Errorf("Reap: %+v, %v, want nothing", r, err)
		}
		n.flush(throng.VisitFlush{})
	}},
	{"Reap/TheSilentAfterTheClockWasSetBack", func(w *world) {
		dead, alive := w.node("dead"), w.node("alive")
		t := dead.lease.Now
		dead.opened(visit("ann", t))
		alive.opened(visit("bob", t))
		w.advance(-time.Hour)
		now := alive.flush(throng.VisitFlush{})
		w.advance(5 * time.Second)
		r, err := w.store.Reap(w.ctx, 10*time.Second)
		w.no(err)
		if r != (throng.Reaped{Leases: 1, Visits: 1}) || now > t {
			w.Errorf("Reap at %d, an hour before %d: %+v, want one lease and one visit", now, t, r)
		}
		dead.refused(throng.ErrFenced)
		alive.flush(throng.VisitFlush{})
		same(w, "online", names(w.online(throng.OnlineQuery{})), []string{"bob"})
	}},
	{"Reap/AClockSetBackByLess", func(w *world) {
		n := w.node("a")
		w.advance(-9 * time.Second)
		if r, err := w.store.Reap(w.ctx, 10*time.Second); err != nil || r != (throng.Reaped{}) {
			w.Errorf("Reap: %+v, %v, want nothing", r, err)
		}
		n.flush(throng.VisitFlush{})
	}},
	{"Reap/WhoWakesGoesOn", func(w *world) {
		n := w.node("a")
		t := n.lease.Now
		n.opened(visit("ann", t))
		n.flush(throng.VisitFlush{At: t + 1000})
		w.advance(time.Minute)
		_, err := w.store.Reap(w.ctx, 10*time.Second)
		w.no(err)
		n.refused(throng.ErrFenced)
		again := w.node("a")
		again.opened(visit("ann", t+1000))
		again.closed(visit("ann", t+1000, t+60_000))
		w.record(on("a", ended(visit("ann", t), t+1000, throng.VisitCrashed)), on("a", visit("ann", t+1000, t+60_000)))
		same(w, "sum", w.watched(throng.WatchedQuery{User: "ann"}), []throng.Watched{{User: "ann", Milliseconds: 60_000, Visits: 1}})
	}},
	{"Reap/Many", func(w *world) {
		const users = 12_000 // more than a store closes at once
		n := w.node("a")
		t := n.lease.Now
		for begin := 0; begin < users; begin += 3000 {
			var f throng.VisitFlush
			for i := range 3000 {
				f.Opened = append(f.Opened, visit(fmt.Sprintf("user%06d", begin+i), t))
			}
			n.flush(f)
		}
		n.flush(throng.VisitFlush{At: t + 1000})
		w.advance(time.Minute)
		r, err := w.store.Reap(w.ctx, time.Second)
		w.no(err)
		if r != (throng.Reaped{Leases: 1, Visits: users}) {
			w.Errorf("Reap: %+v, want %d visits", r, users)
		}
		page, _, err := w.store.Sessions(w.ctx, throng.VisitFilter{Reason: throng.VisitCrashed}, throng.Page{Limit: 10_000})
		w.no(err)
		for _, v := range page {
			if v.EndedAt != t+1000 {
				w.Fatalf("%+v ended at %d, want %d", v, v.EndedAt, t+1000)
			}
		}
		if len(page) != 10_000 {
			w.Errorf("a page of %d", len(page))
		}
	}},
	{"Reap/AfterAnOutageOfAWeek", func(w *world) {
		n := w.node("a")
		t := n.lease.Now
		n.opened(visit("ann", t))
		w.advance(7 * 24 * time.Hour)
		w.no(w.store.Prune(w.ctx, throng.VisitRetention{}))
		_, err := w.another().Reap(w.ctx, 10*time.Second)
		w.no(err)
		w.record(on("a", ended(visit("ann", t), t, throng.VisitCrashed)))
	}},
}
