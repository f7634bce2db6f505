package storetest

import (
	"fmt"
	"slices"
	"time"

	"throng"
)

const (
	second = int64(1000)
	minute = 60 * second
	hour   = 60 * minute
	day    = 24 * hour
)

// midnight is one a few days ago.
func midnight(n *node) int64 { return n.lease.Now/day*day - 3*day }

var watchedTests = []test{
	{"Watched/OfOneUserCountsOnce", func(w *world) {
		a, b := w.node("a"), w.node("b")
		m := midnight(a)
		a.closed(visit("ann", m, m+10*minute), visit("ann", m+20*minute, m+30*minute), visit("bob", m, m+hour),
			in("chat", visit("ann", m+5*minute, m+6*minute)))
		b.closed(visit("ann", m+5*minute, m+12*minute), visit("ann", m+30*minute, m+31*minute), visit("ann", m+2*minute, m+3*minute))
		same(w, "the service", w.watched(throng.WatchedQuery{User: "ann"}),
			[]throng.Watched{{User: "ann", Milliseconds: 23 * minute, Visits: 2}})
		same(w, "everywhere", w.watched(throng.WatchedQuery{User: "ann", AnyChannel: true}), []throng.Watched{
			{User: "ann", Milliseconds: 23 * minute, Visits: 2}, {User: "ann", Channel: "chat", Milliseconds: minute, Visits: 1}})
		same(w, "everywhere, the longest first", w.watched(throng.WatchedQuery{User: "ann", AnyChannel: true, Order: throng.ByTime}), []throng.Watched{
			{User: "ann", Milliseconds: 23 * minute, Visits: 2}, {User: "ann", Channel: "chat", Milliseconds: minute, Visits: 1}})
		same(w, "a part", w.watched(throng.WatchedQuery{User: "ann", From: m + 11*minute, To: m + 25*minute}),
			[]throng.Watched{{User: "ann", Milliseconds: 6 * minute, Visits: 1}})
		same(w, "within what goes on", w.watched(throng.WatchedQuery{User: "ann", From: m + 30*minute}),
			[]throng.Watched{{User: "ann", Milliseconds: minute, Visits: 0}})
		same(w, "nothing", w.watched(throng.WatchedQuery{User: "ann", From: m + 12*minute, To: m + 20*minute}), nil)
		same(w, "nobody", w.watched(throng.WatchedQuery{User: "nobody"}), nil)
		same(w, "watching", w.watched(throng.WatchedQuery{User: "ann", Kind: throng.Watching}), nil)
	}},
	{"Watched/DaysEndAtMidnightUTC", func(w *world) {
		n := w.node("a")
		m := midnight(n)
		n.closed(visit("ann", m-hour, m+day+2*hour), visit("bob", m, m+day), visit("cid", m+day-1, m+day+1))
		name := func(at int64) string { return time.UnixMilli(at).UTC().Format(time.DateOnly) }
		want := []throng.Watched{
			{User: "ann", Day: name(m - day), Milliseconds: hour, Visits: 1},
			{User: "ann", Day: name(m), Milliseconds: day},
			{User: "ann", Day: name(m + day), Milliseconds: 2 * hour},
			{User: "bob", Day: name(m), Milliseconds: day, Visits: 1},
			{User: "cid", Day: name(m), Milliseconds: 1, Visits: 1},
			{User: "cid", Day: name(m + day), Milliseconds: 1},
		}
		same(w, "all", w.watched(throng.WatchedQuery{Days: true}), want)
		same(w, "ann", w.watched(throng.WatchedQuery{User: "ann", Days: true}), want[:3])
		same(w, "one day", w.watched(throng.WatchedQuery{Days: true, From: m + 5, To: m + 6}), []throng.Watched{want[1], want[3], want[4]})
		same(w, "the longest of a day", w.watched(throng.WatchedQuery{From: m, To: m + day, Order: throng.ByTime}), []throng.Watched{
			{User: "ann", Milliseconds: day}, {User: "bob", Milliseconds: day, Visits: 1}, {User: "cid", Milliseconds: 1, Visits: 1}})
	}},
	{"Watched/OpenVisitsCount", openCount},
	{"Watched/SumsAgree", sumsAgree},
	{"Watched/OfSomeIsExact", func(w *world) {
		a, b := w.node("a"), w.node("b")
		m := midnight(a)
		a.closed(visit("ann", m, m+10*minute), visit("ann", m+20*minute, m+30*minute), visit("bob", m+1, m+hour), visit("cid", m, m+11*minute),
			visit("dan", m-40*day, m+12*minute), in("chat", visit("ann", m+5*minute, m+6*minute)), watching(visit("eve", m, m+hour)))
		b.closed(visit("ann", m+5*minute, m+12*minute), visit("zoe", m, m+hour))
		some := []string{"zoe", "dan", "ann", "cid", "ann", "eve", "nobody", "\x00", "bob"}
		since := throng.WatchedQuery{Users: some, From: m + 11*minute}
		want := []throng.Watched{
			{User: "ann", Milliseconds: 11 * minute, Visits: 1}, {User: "bob", Milliseconds: 49 * minute},
			{User: "dan", Milliseconds: minute}, {User: "zoe", Milliseconds: 49 * minute}}
		same(w, "since a moment, in pages", w.watched(since), want)
		since.Page.Limit = len(some)
		page, next, err := w.store.Watched(w.ctx, since)
		w.no(err)
		if same(w, "in one call", page, want); next != "" {
			w.Errorf("all in one page have another: %q", next)
		}
		since.Order = throng.ByTime
		page, _, err = w.store.Watched(w.ctx, since)
		w.no(err)
		same(w, "the longest first", page, []throng.Watched{want[1], want[3], want[0], want[2]})
		same(w, "of none", w.watched(throng.WatchedQuery{Users: []string{}}), nil)
		same(w, "everywhere", w.watched(throng.WatchedQuery{Users: []string{"ann", "eve"}, AnyChannel: true}), []throng.Watched{
			{User: "ann", Milliseconds: 22 * minute, Visits: 2}, {User: "ann", Channel: "chat", Milliseconds: minute, Visits: 1}})
		same(w, "User is before Users", w.watched(throng.WatchedQuery{User: "bob", Users: some}), []throng.Watched{{User: "bob", Milliseconds: hour - 1, Visits: 1}})
		for _, q := range []throng.WatchedQuery{{From: m + 7, To: m + 10*minute + 3}, {AnyChannel: true, Days: true}, {Days: true, From: m - day - 1}} {
			var each []throng.Watched
			for _, user := range []string{"\x00", "ann", "bob", "cid", "dan", "eve", "nobody", "zoe"} {
				one := q
				one.User = user
				each = append(each, w.watched(one)...)
			}
			q.Users = some
			same(w, fmt.Sprintf("%+v", q), w.watched(q), each)
		}
	}},
	{"Watched/TopOfADay", func(w *world) {
		n := w.node("a")
		m := midnight(n)
		var f throng.VisitFlush
		for i := range 50 {
			f.Closed = append(f.Closed, visit(fmt.Sprintf("user%02d", i), m, m+int64(i*37%50)*minute+1))
		}
		n.flush(f)
		page, next, err := w.store.Watched(w.ctx, throng.WatchedQuery{From: m, To: m + day, Order: throng.ByTime, Page: throng.Page{Limit: 5}})
		w.no(err)
		if next != "" {
			w.Errorf("the longest have another page: %q", next)
		}
		for i, sum := range page {
			if want := int64(49-i)*minute + 1; sum.Milliseconds != want {
				w.Errorf("number %d: %+v, want %d ms", i, sum, want)
			}
		}
		if len(page) != 5 {
			w.Errorf("%d of 5", len(page))
		}
	}},
}

func openCount(w *world) {
	n := w.node("a")
	t := n.lease.Now
	n.closed(visit("ann", t-10*minute, t-9*minute))
	n.opened(visit("ann", t), visit("bob", t), visit("cid", t), in("chat", visit("ann", t)))
	n.flush(throng.VisitFlush{Left: []throng.Visit{ended(visit("bob", t), t+second, "")}})
	w.advance(26 * time.Hour)
	for what, user := range map[string]string{"of all": "", "of one": "ann"} {
		before := n.flush(throng.VisitFlush{})
		page, _, err := w.store.Watched(w.ctx, throng.WatchedQuery{User: user, Page: throng.Page{Limit: 10}})
		w.no(err)
		after := n.flush(throng.VisitFlush{})
		if len(page) == 0 || page[0].User != "ann" {
			w.Fatalf("%s: %+v", what, page)
		}
		if got := page[0]; got.Milliseconds < minute+before-t || got.Milliseconds > minute+after-t || got.Visits != 2 {
			w.Errorf("%s: %+v, want a minute and %d..%d ms in two visits", what, got, before-t, after-t)
		}
		if user == "" {
			same(w, "bob left", page[1:2], []throng.Watched{{User: "bob", Milliseconds: second, Visits: 1}})
		}
	}
	// A whole day of it, exactly.
	tomorrow := (t/day + 1) * day
	if now := n.flush(throng.VisitFlush{}); now < tomorrow {
		w.Fatalf("26 hours after %d it is %d", t, now)
	}
	today := time.UnixMilli(t).UTC().Format(time.DateOnly)
	for what, user := range map[string]string{"of all": "", "of one": "cid"} {
		got := w.watched(throng.WatchedQuery{User: user, Days: true, From: t, To: tomorrow})
		got = slices.DeleteFunc(got, func(s throng.Watched) bool { return s.User != "cid" })
		same(w, "the first day "+what, got, []throng.Watched{{User: "cid", Day: today, Milliseconds: tomorrow - t, Visits: 1}})
	}
}

// sumsAgree compares sums over many users, in pages, with those of each user, where
// nobody is on two nodes at a time.
func sumsAgree(w *world) {
	n := w.node("a")
	m := midnight(n)
	users := manyUsers(23)
	var f throng.VisitFlush
	for i, user := range users {
		at := m + int64(i)*hour/3
		for k := range int64(5) {
			v := visit(user, at, at+int64(i+1)*minute*(k+1))
			if at = v.EndedAt + 3*hour; k%2 == 1 {
				v.Channel = fmt.Sprintf("chat%d", i%3)
			}
			f.Closed = append(f.Closed, v)
		}
		f.Opened = append(f.Opened, visit(user, at))
		f.Left = append(f.Left, ended(visit(user, at), at+minute, "")) // so that the present does not matter
	}
	n.flush(f)
	for _, q := range []throng.WatchedQuery{
		{}, {AnyChannel: true}, {Days: true}, {AnyChannel: true, Days: true}, {Channel: "chat1", Days: true},
		{From: m + day, To: m + 2*day}, {AnyChannel: true, Days: true, From: m + day},
	} {
		var want []throng.Watched
		for _, user := range users {
			one := q
			one.User = user
			want = append(want, w.watched(one)...)
		}
		got := w.watched(q)
		same(w, fmt.Sprintf("%+v", q), got, want)
	}
}
