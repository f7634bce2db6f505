package storetest

import (
	"throng"
)

var curveTests = []test{
	{"Curve/HighestOfEachPart", func(w *world) {
		a, b := w.node("a"), w.node("b")
		t := a.lease.Now - 100_000
		at := func(ms, connections, users int64) throng.Occupancy {
			return throng.Occupancy{At: t + ms, Connections: connections, Users: users}
		}
		chat := at(50, 7, 7)
		chat.Channel = "chat"
		a.flush(throng.VisitFlush{Occupancy: []throng.Occupancy{at(0, 10, 5), at(500, 12, 4), at(1000, 1, 1), at(5000, 3, 3), chat}})
		b.flush(throng.VisitFlush{Occupancy: []throng.Occupancy{at(100, 20, 9), at(1500, 2, 2)}})
		curve := func(q throng.CurveQuery) []throng.Occupancy {
			w.Helper()
			points, err := w.store.Curve(w.ctx, q)
			w.no(err)
			return points
		}
		same(w, "all", curve(throng.CurveQuery{From: t, To: t + 6000, Points: 6}), []throng.Occupancy{at(0, 32, 14), at(1000, 3, 3), at(5000, 3, 3)})
		same(w, "one point", curve(throng.CurveQuery{From: t, To: t + 6000, Points: 1}), []throng.Occupancy{at(0, 32, 14)})
		same(w, "up to", curve(throng.CurveQuery{From: t + 1, To: t + 1500, Points: 1}), []throng.Occupancy{at(1, 32, 13)})
		same(w, "none", curve(throng.CurveQuery{From: t, To: t + 6000}), nil)
		same(w, "backwards", curve(throng.CurveQuery{From: t + 6000, To: t, Points: 5}), nil)
		same(w, "of nowhere", curve(throng.CurveQuery{Channel: "none", From: t, To: t + 6000, Points: 1}), nil)
		of := at(0, 12, 5)
		of.Node = "a"
		same(w, "of a", curve(throng.CurveQuery{Node: "a", From: t, To: t + 1000, Points: 1}), []throng.Occupancy{of})
		in := at(0, 7, 7)
		in.Channel = "chat"
		same(w, "in chat", curve(throng.CurveQuery{Channel: "chat", From: t, To: t + 1000, Points: 1}), []throng.Occupancy{in})
		if all := curve(throng.CurveQuery{Points: 1}); len(all) != 1 || all[0].Connections != 32 || all[0].At != t {
			w.Errorf("of all time: %+v", all)
		}
		// A long curve is made of hours.
		h := t / hour * hour
		a.flush(throng.VisitFlush{Occupancy: []throng.Occupancy{{At: h - 5*hour + 1, Users: 40}, {At: h - 5*hour + 2, Users: 41}, {At: h - 3*hour - 1, Users: 6}}})
		b.flush(throng.VisitFlush{Occupancy: []throng.Occupancy{{At: h - 4*hour - 1, Users: 2}}})
		b.flush(throng.VisitFlush{Occupancy: []throng.Occupancy{{At: h - 4*hour - 2, Users: 3}}})
		same(w, "hours", curve(throng.CurveQuery{From: h - 5*hour, To: h - 2*hour, Points: 3}),
			[]throng.Occupancy{{At: h - 5*hour, Users: 44}, {At: h - 4*hour, Users: 6}})
		same(w, "two hours each", curve(throng.CurveQuery{From: h - 5*hour + 5, To: h - 2*hour, Points: 2}), []throng.Occupancy{{At: h - 5*hour, Users: 44}})
		// What was counted twice at a time counts as the higher.
		a.flush(throng.VisitFlush{Occupancy: []throng.Occupancy{at(5000, 2, 8)}})
		same(w, "twice", curve(throng.CurveQuery{From: t + 5000, To: t + 5001, Points: 9}), []throng.Occupancy{at(5000, 3, 8)})
	}},
}
