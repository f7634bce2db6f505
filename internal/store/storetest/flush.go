package storetest

import (
	"context"
	"errors"
	"strings"

	"throng"
)

var flushTests = []test{
	{"Flush/OpensAndCloses", func(w *world) {
		n := w.node("a")
		t := n.lease.Now
		n.opened(visit("ann", t), visit("bob", t+1), in("chat", visit("ann", t+2)), watching(in("chat", visit("ann", t+3))))
		w.record(on("a", visit("ann", t)), on("a", visit("bob", t+1)), on("a", in("chat", visit("ann", t+2))),
			on("a", watching(in("chat", visit("ann", t+3)))))
		n.closed(visit("bob", t+1, t+50), watching(in("chat", visit("ann", t+3, t+60))))
		w.record(on("a", visit("ann", t)), on("a", visit("bob", t+1, t+50)), on("a", in("chat", visit("ann", t+2))),
			on("a", watching(in("chat", visit("ann", t+3, t+60)))))
	}},
	{"Flush/ClosedThatWasNeverOpen", func(w *world) {
		n := w.node("a")
		t := n.lease.Now
		n.closed(visit("ann", t, t+10), visit("ann", t+20, t+30), visit("ann", t+40, t+40))
		w.record(on("a", visit("ann", t, t+10)), on("a", visit("ann", t+20, t+30)), on("a", visit("ann", t+40, t+40)))
	}},
	{"Flush/EndsAndBeginsAnew", func(w *world) {
		n := w.node("a")
		t := n.lease.Now
		n.opened(visit("ann", t))
		n.flush(throng.VisitFlush{
			Closed: []throng.Visit{visit("ann", t, t+10), visit("ann", t+20, t+30)},
			Opened: []throng.Visit{visit("ann", t+40)},
		})
		w.record(on("a", visit("ann", t, t+10)), on("a", visit("ann", t+20, t+30)), on("a", visit("ann", t+40)))
		same(w, "online", w.online(throng.OnlineQuery{}), []throng.OnlineUser{{User: "ann", Since: t + 40, Nodes: []string{"a"}}})
	}},
	{"Flush/EndIsNotBeforeBeginning", func(w *world) {
		n := w.node("a")
		t := n.lease.Now
		n.closed(visit("ann", t, t-10))
		w.record(on("a", visit("ann", t, t)))
	}},
	{"Flush/LeftAndReturned", leftAndReturned},
	{"Flush/RepeatedTakesEffectOnce", repeated},
	{"Flush/RepeatedAfterTheLeaseWasLost", func(w *world) {
		n := w.node("a")
		t := n.lease.Now
		f := throng.VisitFlush{Sequence: 1, At: t + 10, Opened: []throng.Visit{visit("ann", t)}}
		_, err := w.store.Flush(w.ctx, n.lease, &f)
		w.no(err)
		w.node("a")
		_, err = w.store.Flush(w.ctx, n.lease, &f) // it is not known whether it was applied
		w.no(err)
		f.Sequence++
		if _, err := w.store.Flush(w.ctx, n.lease, &f); !errors.Is(err, throng.ErrSuperseded) {
			w.Errorf("the next one: %v, want ErrSuperseded", err)
		}
		w.record(on("a", ended(visit("ann", t), t+10, throng.VisitCrashed)))
	}},
	{"Flush/OfAnUnknownLease", func(w *world) {
		n := w.node("a")
		n.lease.Epoch += 1000
		n.refused(throng.ErrFenced)
	}},
	{"Flush/CutShortAndRepeated", cutShort},
	{"Flush/BadVisits", func(w *world) {
		n := w.node("a")
		t := n.lease.Now
		for what, bad := range map[string]throng.Visit{
			"no user":      visit("", t),
			"long user":    visit(strings.Repeat("x", throng.MaxVisitUserBytes+1), t),
			"long channel": in(strings.Repeat("x", throng.MaxChannelBytes+1), visit("ann", t)),
		} {
			for _, f := range []throng.VisitFlush{{Opened: []throng.Visit{visit("bob", t), bad}}, {Closed: []throng.Visit{bad}}} {
				if _, err := n.try(f); !errors.Is(err, throng.ErrBadVisit) {
					w.Errorf("%s: %v, want ErrBadVisit", what, err)
				}
			}
		}
		w.record()
		n.opened(visit("ann", t))
		w.record(on("a", visit("ann", t)))
	}},
	{"Flush/TimesOfEveryKind", func(w *world) {
		n := w.node("a")
		n.closed(visit("first", 0, 5), visit("negative", -1<<62, 10), visit("far", 1<<62, 1<<62))
		n.flush(throng.VisitFlush{At: 1 << 62})
		if got := w.visits(throng.Connected); len(got) != 3 {
			w.Errorf("%d visits, want 3: %+v", len(got), got)
		}
	}},
}

func leftAndReturned(w *world) {
	n := w.node("a")
	t := n.lease.Now
	n.opened(visit("ann", t), visit("bob", t+1), visit("cid", t+2))
	left := func(user string, started, at int64) throng.Visit { return ended(visit(user, started), at, "") }
	n.flush(throng.VisitFlush{
		At: t + 1000, Opened: []throng.Visit{visit("dan", t+500)},
		Left: []throng.Visit{left("ann", t, t+600), left("bob", t+1, t+700), left("dan", t+500, t+800)},
	})
	same(w, "online while awaited", names(w.online(throng.OnlineQuery{})), []string{"ann", "bob", "cid", "dan"})
	n.flush(throng.VisitFlush{At: t + 2000, Returned: []throng.Visit{visit("ann", t)}})
	n.flush(throng.VisitFlush{At: t + 3000, Closed: []throng.Visit{visit("bob", t+1, t+700)}})
	w.advance(1 << 40)
	_, err := w.store.Reap(w.ctx, 1)
	w.no(err)
	w.record(
		on("a", ended(visit("ann", t), t+3000, throng.VisitCrashed)),
		on("a", visit("bob", t+1, t+700)),
		on("a", ended(visit("cid", t+2), t+3000, throng.VisitCrashed)),
		on("a", ended(visit("dan", t+500), t+800, throng.VisitCrashed)),
	)
}

func repeated(w *world) {
	n := w.node("a")
	t := n.lease.Now
	first := throng.VisitFlush{
		Sequence: 1, At: t, Opened: []throng.Visit{visit("ann", t)}, Closed: []throng.Visit{visit("bob", t, t+10)},
		Occupancy: []throng.Occupancy{{At: t, Connections: 2, Users: 1}},
	}
	second := throng.VisitFlush{Sequence: 2, At: t + 20, Closed: []throng.Visit{visit("ann", t, t+20)}}
	for _, f := range []*throng.VisitFlush{&first, &first, &second, &first, &second} {
		now, err := w.store.Flush(w.ctx, n.lease, f)
		w.no(err)
		if now < t {
			w.Errorf("Flush says it is %d, before the lease's %d", now, t)
		}
	}
	if got := w.visits(throng.Connected); len(got) != 2 {
		w.Errorf("visits: %+v, want one each of ann and bob", got)
	}
	same(w, "online", names(w.online(throng.OnlineQuery{})), nil)
	sum := w.watched(throng.WatchedQuery{From: t, To: t + 1})
	same(w, "sums", sum, []throng.Watched{
		{User: "ann", Milliseconds: 20, Visits: 1}, {User: "bob", Milliseconds: 10, Visits: 1},
	})
}

// cutShort cancels flushes at moments that nobody chose, repeats them, and counts.
func cutShort(w *world) {
	n := w.node("a")
	t := n.lease.Now - 1000
	users := manyUsers(200)
	const rounds = 25
	cut := 0
	for round := range rounds {
		f := throng.VisitFlush{Sequence: int64(round + 1), At: t}
		for _, user := range users {
			f.Closed = append(f.Closed, visit(user, t+int64(round), t+int64(round)+1))
		}
		ctx, cancel := context.WithCancel(w.ctx)
		stop := afterSome(round, cancel)
		_, err := n.store.Flush(ctx, n.lease, &f)
		stop()
		if err != nil {
			cut++
		}
		_, err = n.store.Flush(w.ctx, n.lease, &f) // whether it was written or not
		w.no(err)
	}
	if cut == 0 {
		w.Error("no flush was cut short")
	}
	sums := w.watched(throng.WatchedQuery{User: users[0], AnyChannel: true})
	same(w, "sums of the visits", sums, []throng.Watched{{User: users[0], Milliseconds: rounds, Visits: 1}}) // they touch
	page, _, err := w.store.Watched(w.ctx, throng.WatchedQuery{Page: throng.Page{Limit: len(users) + 1}})
	w.no(err)
	if len(page) != len(users) {
		w.Fatalf("sums of %d users, want %d", len(page), len(users))
	}
	for _, sum := range page {
		if sum.Milliseconds != rounds || sum.Visits != rounds {
			w.Fatalf("sum %+v, want %d ms of as many visits", sum, rounds)
		}
	}
}
