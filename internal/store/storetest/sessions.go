package storetest

import (
	"fmt"
	"slices"
	"time"

	"throng"
)

var sessionTests = []test{
	{"Sessions/Filters", filters},
	{"Sessions/OfNamespaces", namespaces},
	{"Sessions/OpenCountUpToNow", func(w *world) {
		n := w.node("a")
		t := n.lease.Now
		n.opened(visit("ann", t), visit("bob", t))
		n.flush(throng.VisitFlush{Left: []throng.Visit{ended(visit("bob", t), t+1000, "")}})
		w.advance(time.Hour)
		hour := time.Hour.Milliseconds()
		for what, c := range map[string]struct {
			filter throng.VisitFilter
			want   []throng.Visit
		}{
			"half an hour":     {throng.VisitFilter{Shortest: hour / 2}, []throng.Visit{on("a", visit("ann", t))}},
			"two hours":        {throng.VisitFilter{Shortest: 2 * hour}, nil},
			"at most a minute": {throng.VisitFilter{Longest: hour / 60}, []throng.Visit{on("a", visit("bob", t))}},
			"in half an hour":  {throng.VisitFilter{From: t + hour/2}, []throng.Visit{on("a", visit("ann", t))}},
			"in two hours":     {throng.VisitFilter{From: t + 2*hour}, nil},
		} {
			same(w, what, w.sessions(c.filter), c.want)
		}
	}},
	{"Sessions/Pages", sessionPages},
	{"Sessions/AlikeInEveryWay", func(w *world) {
		// More that begin in one millisecond than fit a page.
		n := w.node("a")
		t := n.lease.Now
		want := make(map[string]int)
		var f throng.VisitFlush
		for i := range 20 {
			user := fmt.Sprintf("user%02d", i)
			want[user] = 1
			if i%2 == 0 {
				f.Opened = append(f.Opened, visit(user, t))
			} else {
				f.Closed = append(f.Closed, visit(user, t, t+1))
			}
		}
		n.flush(f)
		got := make(map[string]int)
		for _, v := range w.sessions(throng.VisitFilter{}) {
			got[v.User]++
		}
		if !equalCounts(got, want) {
			w.Errorf("got %v", got)
		}
	}},
}

func equalCounts(a, b map[string]int) bool {
	if len(a) != len(b) {
		return false
	}
	for k, n := range a {
		if b[k] != n {
			return false
		}
	}
	return true
}

// namespaces asks for channels of some, where pages end among others.
func namespaces(w *world) {
	n := w.node("a")
	t := n.lease.Now - 1000
	channels := []string{"", "room:a", "room", "rooms:b", "other:room:c", `room:\x`, "default:d", "ROOM:a", "room:", `\x\x\x\x\x\x:`, "100%", "ro_m:a"}
	var f throng.VisitFlush
	for i, channel := range channels {
		v := in(channel, visit("ann", t+int64(i), t+500))
		if i%2 == 0 {
			v.EndedAt = 0
			f.Opened = append(f.Opened, v)
		} else {
			f.Closed = append(f.Closed, v)
		}
	}
	n.flush(f)
	for what, c := range map[string]struct{ of, want []string }{
		"any":     {nil, channels},
		"none":    {[]string{}, []string{""}},
		"room":    {[]string{"room"}, []string{"", "room:a", `room:\x`, "room:"}},
		"default": {[]string{"default"}, []string{"", "room", "default:d", "100%"}},
		"two":     {[]string{"other", "rooms"}, []string{"", "rooms:b", "other:room:c"}},
		"odd":     {[]string{"ro_m", "%"}, []string{"", "ro_m:a"}},
	} {
		var sessions, sums []string
		for _, user := range []string{"ann", ""} {
			sessions = nil
			for _, v := range w.sessions(throng.VisitFilter{User: user, AnyChannel: true, Namespaces: c.of}) {
				sessions = append(sessions, v.Channel)
			}
			slices.Reverse(sessions)
			same(w, what, sessions, c.want)
		}
		for _, v := range w.watched(throng.WatchedQuery{User: "ann", AnyChannel: true, Namespaces: c.of}) {
			sums = append(sums, v.Channel)
		}
		want := slices.Sorted(slices.Values(c.want))
		slices.Sort(sums)
		same(w, "sums of "+what, sums, want)
	}
	for _, q := range []throng.WatchedQuery{{AnyChannel: true}, {User: "ann"}} {
		q.Namespaces, q.Page.Limit = []string{"room"}, 1
		if _, _, err := w.store.Watched(w.Context(), q); err == nil {
			w.Errorf("%+v is answered", q)
		}
	}
}

func filters(w *world) {
	a, b := w.node("a"), w.node("b")
	t := a.lease.Now - 100_000
	all := []throng.Visit{ // oldest first
		on("a", visit("ann", t, t+1000)),
		on("b", visit("bob", t+10, t+90_000)),
		on("a", in("chat", visit("ann", t+20, t+500))),
		on("b", in("chat", visit("bob", t+30, t+30))),
		on("a", watching(in("chat", visit("ann", t+40, t+400)))),
		on("b", ended(visit("cid", t+50), t+60, throng.VisitDrained)),
		on("a", visit("ann", t+2000)),
		on("b", in("chat", visit("ann", t+3000))),
	}
	for _, n := range []*node{a, b} {
		var f throng.VisitFlush
		for _, v := range all {
			switch {
			case v.Node != n.lease.NodeID:
			case v.EndedAt == 0:
				f.Opened = append(f.Opened, v)
			default:
				f.Closed = append(f.Closed, v)
			}
		}
		n.flush(f)
	}
	for what, c := range map[string]struct {
		filter throng.VisitFilter
		want   []int
	}{
		"the service":        {throng.VisitFilter{}, []int{0, 1, 5, 6}},
		"any channel":        {throng.VisitFilter{AnyChannel: true}, []int{0, 1, 2, 3, 5, 6, 7}},
		"a channel":          {throng.VisitFilter{Channel: "chat"}, []int{2, 3, 7}},
		"watching":           {throng.VisitFilter{AnyChannel: true, Kind: throng.Watching}, []int{4}},
		"a user":             {throng.VisitFilter{User: "ann"}, []int{0, 6}},
		"a user anywhere":    {throng.VisitFilter{User: "ann", AnyChannel: true}, []int{0, 2, 6, 7}},
		"a user in chat":     {throng.VisitFilter{User: "bob", Channel: "chat"}, []int{3}},
		"nobody":             {throng.VisitFilter{User: "nobody"}, nil},
		"a node":             {throng.VisitFilter{Node: "b", AnyChannel: true}, []int{1, 3, 5, 7}},
		"no node":            {throng.VisitFilter{Node: "c", AnyChannel: true}, nil},
		"a reason":           {throng.VisitFilter{Reason: throng.VisitDrained}, []int{5}},
		"another reason":     {throng.VisitFilter{Reason: throng.VisitLeft, AnyChannel: true}, []int{0, 1, 2, 3}},
		"open":               {throng.VisitFilter{Open: true, AnyChannel: true}, []int{6, 7}},
		"open on b":          {throng.VisitFilter{Open: true, AnyChannel: true, Node: "b"}, []int{7}},
		"from":               {throng.VisitFilter{From: t + 1000}, []int{1, 6}},
		"from, where it is":  {throng.VisitFilter{From: t + 999}, []int{0, 1, 6}},
		"to":                 {throng.VisitFilter{To: t + 10}, []int{0}},
		"to, where it is":    {throng.VisitFilter{To: t + 11}, []int{0, 1}},
		"an instant":         {throng.VisitFilter{From: t + 30, To: t + 31, AnyChannel: true}, []int{0, 1, 2, 3}},
		"behind the instant": {throng.VisitFilter{From: t + 31, To: t + 32, AnyChannel: true}, []int{0, 1, 2}},
		"long":               {throng.VisitFilter{Shortest: 1000}, []int{0, 1, 6}},
		"short":              {throng.VisitFilter{Longest: 480, AnyChannel: true}, []int{2, 3, 5}},
		"between":            {throng.VisitFilter{Shortest: 480, Longest: 1000, AnyChannel: true}, []int{0, 2}},
		"everything at once": {throng.VisitFilter{User: "ann", Channel: "chat", Node: "a", Reason: throng.VisitLeft, From: t, To: t + 100, Shortest: 1, Longest: 1 << 60}, []int{2}},
	} {
		var want []throng.Visit
		for _, i := range slices.Backward(c.want) {
			want = append(want, all[i])
		}
		same(w, what, w.sessions(c.filter), want)
	}
}

// sessionPages lets visits begin and end between pages: those that were there are in
// exactly one.
func sessionPages(w *world) {
	n := w.node("a")
	t := n.lease.Now
	const visits = 60
	var f throng.VisitFlush
	for i := range visits {
		f.Opened = append(f.Opened, visit(fmt.Sprintf("user%02d", i), t+int64(i)))
	}
	n.flush(f)
	seen := make(map[string]int)
	last := int64(1) << 62
	p := throng.Page{Limit: 7}
	for i := 0; ; i++ {
		page, next, err := w.store.Sessions(w.ctx, throng.VisitFilter{}, p)
		w.no(err)
		for _, v := range page {
			if v.StartedAt > last {
				w.Errorf("%+v comes after one that began at %d", v, last)
			}
			last = v.StartedAt
			seen[v.User]++
		}
		if p.Cursor = next; next == "" {
			break
		}
		f := throng.VisitFlush{Opened: []throng.Visit{visit(fmt.Sprintf("new%02d", i), t+1000+int64(i))}}
		for k := i; k < visits; k += 8 {
			f.Closed = append(f.Closed, visit(fmt.Sprintf("user%02d", k), t+int64(k), t+1000))
		}
		n.flush(f)
	}
	for i := range visits {
		if user := fmt.Sprintf("user%02d", i); seen[user] != 1 {
			w.Errorf("%s was in %d pages", user, seen[user])
		}
	}
}
