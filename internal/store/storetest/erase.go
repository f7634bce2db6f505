package storetest

import "throng"

var eraseTests = []test{
	{"Erase/EverythingOfOneUser", func(w *world) {
		a, b := w.node("a"), w.node("b")
		t := a.lease.Now
		m := midnight(a)
		a.closed(visit("ann", m, m+2*day), in("chat", visit("ann", m, m+1)), visit("anna", m, m+1), watching(in("chat", visit("ann", m, m+5))))
		a.opened(visit("ann", t), visit("anna", t))
		b.opened(visit("ann", t))
		w.save(named(set("ann", "e", 1, "a", `1`), "t:1"), set("anna", "f", 1, "a", `1`))
		n, err := w.store.Erase(w.ctx, "ann")
		w.no(err)
		if n != 5 {
			w.Errorf("%d visits were erased, want 5", n)
		}
		w.stateIs("ann", " 0 ")
		w.stateIs("anna", `f 1 "a"=1@1/1000/0`)
		w.moved(set("ann", "e", 2, "a", `2`))
		w.record(on("a", visit("anna", m, m+1)), on("a", visit("anna", t)))
		same(w, "online", names(w.online(throng.OnlineQuery{})), []string{"anna"})
		same(w, "sums of ann", w.watched(throng.WatchedQuery{User: "ann", AnyChannel: true}), nil)
		same(w, "sums", w.watched(throng.WatchedQuery{From: m, To: m + day}), []throng.Watched{{User: "anna", Milliseconds: 1, Visits: 1}})
		if n, err := w.store.Erase(w.ctx, "ann"); n != 0 || err != nil {
			w.Errorf("the second time: %d, %v", n, err)
		}
		// The nodes begin anew.
		a.opened(visit("ann", t+10))
		a.closed(visit("ann", t+10, t+20))
		w.record(on("a", visit("anna", m, m+1)), on("a", visit("anna", t)), on("a", visit("ann", t+10, t+20)))
	}},
}
