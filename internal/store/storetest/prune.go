package storetest

import (
	"time"

	"throng"
)

var pruneTests = []test{
	{"Prune/WhatIsOld", func(w *world) {
		n := w.node("a")
		t := n.lease.Now
		at := func(days int64) int64 { return t - days*day }
		n.closed(visit("ann", at(40), at(40)+minute), visit("bob", at(40), at(10)), visit("cid", at(10), at(10)+minute))
		n.opened(visit("dan", at(50)))
		n.flush(throng.VisitFlush{Occupancy: []throng.Occupancy{{At: at(40), Users: 4}, {At: at(10), Users: 1}}})

		w.no(w.store.Prune(w.ctx, throng.VisitRetention{}))
		if all := w.visits(throng.Connected); len(all) != 4 {
			w.Errorf("without a retention: %+v", all)
		}
		month := 30 * 24 * time.Hour
		w.no(w.store.Prune(w.ctx, throng.VisitRetention{Visits: month}))
		w.record(on("a", visit("dan", at(50))), on("a", visit("bob", at(40), at(10))), on("a", visit("cid", at(10), at(10)+minute)))
		old := throng.WatchedQuery{From: at(41), To: at(35)}
		if sums := w.watched(old); len(sums) != 3 {
			w.Errorf("sums before they are pruned: %+v", sums)
		}
		w.no(w.store.Prune(w.ctx, throng.VisitRetention{Days: month}))
		for _, sum := range w.watched(old) {
			if sum.User != "dan" {
				w.Errorf("a sum of an old day: %+v", sum)
			}
		}
		w.no(w.store.Prune(w.ctx, throng.VisitRetention{Occupancy: month}))
		curve, err := w.store.Curve(w.ctx, throng.CurveQuery{Points: 100})
		w.no(err)
		if len(curve) != 1 || curve[0].Users != 1 {
			w.Errorf("the curve: %+v", curve)
		}
		n.closed(visit("dan", at(50), at(0)))
		w.no(w.store.Prune(w.ctx, throng.VisitRetention{Visits: month, Days: month, Occupancy: month}))
		if all := w.visits(throng.Connected); len(all) != 3 {
			w.Errorf("at the end: %+v", all)
		}
	}},
	{"Prune/ByTheStoresClock", func(w *world) {
		n := w.node("a")
		t := n.lease.Now
		n.closed(visit("ann", t, t+1))
		w.no(n.store.Release(w.ctx, n.lease, t, throng.VisitDrained))
		keep := throng.VisitRetention{Visits: 24 * time.Hour, Days: 24 * time.Hour, Occupancy: 24 * time.Hour}
		w.no(w.store.Prune(w.ctx, keep))
		w.record(on("a", visit("ann", t, t+1)))
		w.advance(30 * 24 * time.Hour)
		w.no(w.store.Prune(w.ctx, keep))
		w.record()
		same(w, "sums", w.watched(throng.WatchedQuery{}), nil)
		again := w.node("a")
		if again.lease.Epoch <= n.lease.Epoch {
			w.Errorf("epoch %d after %d, which was pruned", again.lease.Epoch, n.lease.Epoch)
		}
		again.closed(visit("bob", t, t+1)) // on a day that was pruned
		w.record(on("a", visit("bob", t, t+1)))
	}},
}
