package storetest

import (
	"errors"
	"fmt"

	"throng"
)

var onlineTests = []test{
	{"Online/OfManyNodes", func(w *world) {
		a, b := w.node("a"), w.node("b")
		t := a.lease.Now
		a.opened(visit("ann", t+5), visit("bob", t), in("chat", visit("bob", t+1)), watching(in("chat", visit("ann", t+2))))
		b.opened(visit("ann", t+3), visit("cid", t+4))
		same(w, "online", w.online(throng.OnlineQuery{}), []throng.OnlineUser{
			{User: "ann", Since: t + 3, Nodes: []string{"a", "b"}}, {User: "bob", Since: t, Nodes: []string{"a"}}, {User: "cid", Since: t + 4, Nodes: []string{"b"}},
		})
		same(w, "of a", names(w.online(throng.OnlineQuery{Node: "a"})), []string{"ann", "bob"})
		same(w, "of b", names(w.online(throng.OnlineQuery{Node: "b"})), []string{"ann", "cid"})
		same(w, "of c", names(w.online(throng.OnlineQuery{Node: "c"})), nil)
		same(w, "in chat", names(w.online(throng.OnlineQuery{Channel: "chat"})), []string{"bob"})
		same(w, "watching chat", names(w.online(throng.OnlineQuery{Channel: "chat", Kind: throng.Watching})), []string{"ann"})
		same(w, "in no channel", names(w.online(throng.OnlineQuery{Channel: "none"})), nil)
	}},
	{"Online/Pages", onlinePages},
	{"Online/Prefix", func(w *world) {
		n := w.node("a")
		var f throng.VisitFlush
		for _, user := range []string{"a", "an", "ann", "anna", "ann%", "ann_", "anñ", "ann\U0010FFFF", "ao", "b", "%", "Ann"} {
			f.Opened = append(f.Opened, visit(user, n.lease.Now))
		}
		n.flush(f)
		for prefix, want := range map[string][]string{
			"ann": {"ann", "ann%", "ann_", "anna", "ann\U0010FFFF"}, "anñ": {"anñ"}, "ann%": {"ann%"}, "ann\U0010FFFF": {"ann\U0010FFFF"},
			"b": {"b"}, "c": nil, "%": {"%"}, "_": nil, "A": {"Ann"},
		} {
			same(w, fmt.Sprintf("prefix %q", prefix), names(w.online(throng.OnlineQuery{Prefix: prefix})), want)
		}
	}},
	{"Online/CountOnly", func(w *world) {
		n := w.node("a")
		n.opened(visit("ann", n.lease.Now), visit("bob", n.lease.Now))
		got, err := w.store.Online(w.ctx, throng.OnlineQuery{})
		w.no(err)
		if got.Total != 2 || len(got.Users) != 0 || got.Next != "" {
			w.Errorf("with a limit of 0: %+v", got)
		}
	}},
	{"Cursors/OfNoList", func(w *world) {
		n := w.node("a")
		n.closed(visit("ann", n.lease.Now, n.lease.Now+1), visit("ann", n.lease.Now+2, n.lease.Now+3))
		_, sessions, err := w.store.Sessions(w.ctx, throng.VisitFilter{}, throng.Page{Limit: 1})
		w.no(err)
		if sessions == "" {
			w.Fatal("there is no second page")
		}
		for _, cursor := range []string{"x", "!", "AAAA", "bm9uZQ", sessions + "A", sessions[1:], " "} {
			page := throng.Page{Cursor: cursor, Limit: 10}
			if _, err := w.store.Online(w.ctx, throng.OnlineQuery{Page: page}); !errors.Is(err, throng.ErrBadCursor) {
				w.Errorf("Online(%q): %v", cursor, err)
			}
			if _, _, err := w.store.Sessions(w.ctx, throng.VisitFilter{}, page); !errors.Is(err, throng.ErrBadCursor) {
				w.Errorf("Sessions(%q): %v", cursor, err)
			}
			for _, user := range []string{"", "ann"} {
				if _, _, err := w.store.Watched(w.ctx, throng.WatchedQuery{User: user, Page: page}); !errors.Is(err, throng.ErrBadCursor) {
					w.Errorf("Watched(%q): %v", cursor, err)
				}
			}
		}
		if _, err := w.store.Online(w.ctx, throng.OnlineQuery{Page: throng.Page{Cursor: sessions, Limit: 1}}); !errors.Is(err, throng.ErrBadCursor) {
			w.Errorf("Online with a cursor of Sessions: %v", err)
		}
	}},
}

// onlinePages lets people come and go between pages: who stays is in one of them.
func onlinePages(w *world) {
	n := w.node("a")
	t := n.lease.Now
	var f throng.VisitFlush
	for i := range 50 {
		f.Opened = append(f.Opened, visit(fmt.Sprintf("stays%02d", i), t), visit(fmt.Sprintf("goes%02d", i), t))
	}
	n.flush(f)
	seen := make(map[string]int)
	q := throng.OnlineQuery{Page: throng.Page{Limit: 7}}
	for i := 0; ; i++ {
		page, err := w.store.Online(w.ctx, q)
		w.no(err)
		if page.Total != 100 {
			w.Errorf("page %d says that there were %d at first", i, page.Total)
		}
		for _, u := range page.Users {
			seen[u.User]++
		}
		if q.Page.Cursor = page.Next; page.Next == "" {
			break
		}
		n.flush(throng.VisitFlush{
			Closed: []throng.Visit{visit(fmt.Sprintf("goes%02d", i), t, t+1)},
			Opened: []throng.Visit{visit(fmt.Sprintf("comes%02d", i), t)},
		})
	}
	for i := range 50 {
		if user := fmt.Sprintf("stays%02d", i); seen[user] != 1 {
			w.Errorf("%s was in %d pages", user, seen[user])
		}
	}
}
