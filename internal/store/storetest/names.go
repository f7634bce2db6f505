package storetest

import (
	"slices"
	"strings"

	"throng"
)

// strange are names that are hard on databases. All are different, and stay so.
var strange = []string{
	" ", "'", `"`, `\`, `\\`, `\x`, `\x00`, "\x00", "a\x00b", `a\x00b`, `\x5cx`, `\u0000`, "%", "_", "-- ", "'; drop table online; --",
	"$1", "@epoch", "?", ":x", "{}", "[]", "null", "NULL", "0", "true", "\n", "\r\n", "\t", "\x01\x1f\x7f", "\xff", "\xff\xfe", "a\xc3", "\xc3\x28", "\xed\xa0\x80",
	"ñ", "n\u0303", "ß", "SS", "ss", "I", "i", "İ", "ı", "😀", "👩‍👩‍👧", "\u202e", "\ufeff", "\ufffd", "\U0010ffff", "user", "User", "USER", "user ", " user",
	strings.Repeat("x", throng.MaxVisitUserBytes), strings.Repeat("😀", throng.MaxVisitUserBytes/4), strings.Repeat("\x00", throng.MaxVisitUserBytes),
	strings.Repeat("\\x", throng.MaxVisitUserBytes/2),
}

var nameTests = []test{
	{"Names/OfEveryKind", func(w *world) {
		want := slices.Clone(strange)
		slices.Sort(want)
		n := w.node("node '\x00 ñ")
		t := n.lease.Now
		var f throng.VisitFlush
		for _, user := range strange {
			f.Opened = append(f.Opened, visit(user, t))
			f.Closed = append(f.Closed, watching(visit(user, t-10, t)))
		}
		n.flush(f)
		online := w.online(throng.OnlineQuery{})
		got := names(online)
		slices.Sort(got)
		same(w, "online", got, want)
		same(w, "node", online[0].Nodes, []string{"node '\x00 ñ"})
		got = nil
		for _, sum := range w.watched(throng.WatchedQuery{Kind: throng.Watching}) {
			got = append(got, sum.User)
		}
		slices.Sort(got)
		same(w, "sums", got, want)
		for _, user := range strange {
			visits := w.sessions(throng.VisitFilter{User: user})
			same(w, "visits", visits, []throng.Visit{on("node '\x00 ñ", visit(user, t))})
			same(w, "sum", w.watched(throng.WatchedQuery{User: user, Kind: throng.Watching}), []throng.Watched{{User: user, Milliseconds: 10, Visits: 1}})
		}
		f = throng.VisitFlush{}
		for i, user := range strange {
			if i%2 == 0 {
				f.Closed = append(f.Closed, visit(user, t, t+1))
			} else if n, err := w.store.Erase(w.ctx, user); n != 2 || err != nil {
				w.Errorf("Erase(%q) = %d, %v, want 2", user, n, err)
			}
		}
		n.flush(f)
		same(w, "online at the end", w.online(throng.OnlineQuery{}), nil)
		if got := w.visits(throng.Connected); len(got) != len(f.Closed) {
			w.Errorf("%d visits, want %d", len(got), len(f.Closed))
		}
	}},
	{"Names/OfChannelsAndNodes", func(w *world) {
		n := w.node("a")
		t := n.lease.Now
		var f throng.VisitFlush
		for _, channel := range strange {
			if len(channel) <= throng.MaxChannelBytes {
				f.Opened = append(f.Opened, in(channel, visit("ann", t)))
				f.Occupancy = append(f.Occupancy, throng.Occupancy{At: t, Channel: channel, Connections: 1, Users: 1})
			}
		}
		n.flush(f)
		for _, v := range f.Opened {
			same(w, "in a channel", w.sessions(throng.VisitFilter{Channel: v.Channel}), []throng.Visit{on("a", v)})
			curve, err := w.store.Curve(w.ctx, throng.CurveQuery{Channel: v.Channel, Points: 1})
			w.no(err)
			if len(curve) != 1 || curve[0].Channel != v.Channel {
				w.Errorf("the curve of %q: %+v", v.Channel, curve)
			}
		}
		f.Occupancy, f.Closed, f.Opened = nil, f.Opened, nil
		n.flush(f)
		same(w, "online", w.online(throng.OnlineQuery{}), nil)
		for _, name := range strange[:20] {
			m := w.node(name)
			w.no(m.store.Release(w.ctx, m.lease, t, throng.VisitDrained))
		}
	}},
}
