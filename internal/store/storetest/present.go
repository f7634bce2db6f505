package storetest

import (
	"fmt"
	"slices"
	"time"

	"throng"
)

var presentTests = []test{
	{"Present/AtAMoment", func(w *world) {
		a, b := w.node("a"), w.node("b")
		t := a.lease.Now - hour
		a.closed(visit("early", t-hour, t), visit("over", t-day, t+1), visit("at once", t, t), visit("twice", t-10, t-5), in("chat", visit("in chat", t-5, t-1)))
		a.opened(visit("open", t), visit("left", t), in("chat", visit("in chat", t)), watching(in("chat", visit("watching", t))))
		a.flush(throng.VisitFlush{Left: []throng.Visit{ended(visit("left", t), t+minute, "")}})
		b.closed(visit("twice", t-7, t+1), visit("late", t+1, t+2), visit("long", t-40*day, t+10))
		all := []string{"open", "left", "in chat", "watching", "early", "over", "at once", "twice", "late", "long", "nobody", "", "\x00"}
		for _, c := range []struct {
			what string
			q    throng.PresentQuery
			want []string
		}{
			{"at", throng.PresentQuery{At: t}, []string{"at once", "left", "long", "open", "over", "twice"}},
			{"before", throng.PresentQuery{At: t - 1}, []string{"early", "long", "over", "twice"}},
			{"after", throng.PresentQuery{At: t + 1}, []string{"late", "left", "long", "open"}},
			{"when they left", throng.PresentQuery{At: t + minute}, []string{"open"}},
			{"a moment before", throng.PresentQuery{At: t + minute - 1}, []string{"left", "open"}},
			{"in the time to come", throng.PresentQuery{At: a.lease.Now + hour}, []string{"open"}},
			{"long ago", throng.PresentQuery{At: t - 39*day}, []string{"long"}},
			{"longer ago", throng.PresentQuery{At: t - 41*day}, nil},
			{"in the channel", throng.PresentQuery{At: t, Channel: "chat"}, []string{"in chat"}},
			{"a moment before in the channel", throng.PresentQuery{At: t - 2, Channel: "chat"}, []string{"in chat"}},
			{"between two visits", throng.PresentQuery{At: t - 1, Channel: "chat"}, nil},
			{"watching", throng.PresentQuery{At: t, Channel: "chat", Kind: throng.Watching}, []string{"watching"}},
			{"nowhere", throng.PresentQuery{At: t, Channel: "none"}, nil},
		} {
			c.q.Users = all
			same(w, c.what, w.present(c.q), c.want)
			c.q.Users = append([]string{"long", "long"}, "open")
			same(w, c.what+", of some", w.present(c.q), slices.DeleteFunc(slices.Clone(c.want), func(u string) bool { return u != "long" && u != "open" }))
			c.q.Users = nil
			same(w, c.what+", of none", w.present(c.q), nil)
		}
	}},
	{"Present/OfADeadNode", func(w *world) {
		n := w.node("a")
		t := n.lease.Now
		n.opened(visit("ann", t), visit("bob", t))
		n.flush(throng.VisitFlush{At: t + 2000, Left: []throng.Visit{ended(visit("bob", t), t+1000, "")}})
		w.advance(time.Minute)
		_, err := w.store.Reap(w.ctx, 10*time.Second)
		w.no(err)
		for at, want := range map[int64][]string{t: {"ann", "bob"}, t + 999: {"ann", "bob"}, t + 1000: {"ann"}, t + 1999: {"ann"}, t + 2000: nil} {
			same(w, fmt.Sprint("after ", at-t), w.present(throng.PresentQuery{At: at, Users: []string{"ann", "bob"}}), want)
		}
	}},
	{"Present/OfMany", func(w *world) {
		n := w.node("a")
		t := n.lease.Now
		users := manyUsers(2000)
		var f throng.VisitFlush
		var want []string
		for i, user := range users {
			switch i % 4 {
			case 0:
				f.Opened = append(f.Opened, visit(user, t-1))
			case 1:
				f.Closed = append(f.Closed, visit(user, t-10, t+1))
			case 2:
				f.Closed = append(f.Closed, visit(user, t-10, t-1))
			}
			if i%4 < 2 {
				want = append(want, user)
			}
		}
		n.flush(f)
		same(w, "here", w.present(throng.PresentQuery{At: t, Users: users}), want)
	}},
}

// present lists who was there, in order.
func (w *world) present(q throng.PresentQuery) (users []string) {
	w.Helper()
	here, err := w.store.Present(w.ctx, q)
	w.no(err)
	for user, is := range here {
		if is {
			users = append(users, user)
		}
	}
	slices.Sort(users)
	return users
}
