package presence_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sort"
	"strings"
	"testing"
	"time"

	"throng"
	"throng/internal/presence"
)

// Users come and go with many connections, say late who they are, change what is said
// of them, watch others; clients are slow, loops lag behind, channels turn into crowds
// and back. In the end everybody shows what is true.
func TestModel(t *testing.T) {
	for _, channel := range []string{"few:x", "fewclients:x"} {
		for seed := range uint64(100) {
			inWorld(t, func(w *world) { play(w, channel, rand.New(rand.NewPCG(seed, 6))) })
			if t.Failed() {
				t.Fatalf("%s, seed %d", channel, seed)
			}
		}
	}
}

func play(w *world, channel string, r *rand.Rand) {
	w.env.Limits.QueueBytes = 3000
	users := []string{"", "ann", "bob", "cid", "dan", "eve", "fay", "gus", "hal"}[:3+r.IntN(7)]
	for range 14 {
		w.client(users[r.IntN(len(users))])
	}
	watching := map[*client][]string{}
	for range 40 + r.IntN(360) { // short ones end with first joins, which nothing heals
		c := w.all[r.IntN(len(w.all))]
		sub := c.sub(channel)
		switch k := r.IntN(24); {
		case c.Ended() && k < 6:
		case k < 4:
			c.join(channel)
			delete(watching, c) // that was another subscription
			if c.User() == "" && !c.Ended() && r.IntN(3) == 0 {
				c.introduce(users[1+r.IntN(len(users)-1)])
			}
		case k < 7:
			c.leave(channel)
			delete(watching, c)
		case k == 7 && sub != nil:
			meta := fmt.Appendf(nil, `{"n":%d,"phx_ref":"mine","online_at":0}`, r.IntN(3))
			if err := w.presence.Update(sub, meta); err != nil {
				w.t.Errorf("update: %v", err)
			}
		case k == 8 && sub != nil:
			names := users[1 : 1+r.IntN(len(users))]
			if _, err := w.presence.Watch(sub, append([]string(nil), names...)); err != nil {
				w.t.Errorf("watch: %v", err)
			}
			watching[c] = names
		case k == 9:
			c.Stalled = !c.Stalled
		case k < 13:
			data := []byte(`"` + strings.Repeat("x", r.IntN(600)) + `"`)
			w.Broadcast(context.Background(), channel, &throng.Publication{Event: "msg", Data: data}, "", nil)
		case k < 16:
			loop := r.IntN(len(w.boxes))
			w.boxes[loop].runOne(loop)
		case k < 19:
			w.hub.Table(r.IntN(len(w.boxes))).Turn()
		case k < 22:
			time.Sleep(time.Duration(r.IntN(200)) * time.Millisecond)
		default:
			if !c.Stalled {
				c.read()
			}
		}
	}
	for _, c := range w.all {
		c.Stalled = false
		c.Flush()
	}
	w.wait(100 * time.Millisecond)
	for _, c := range w.all {
		c.Flush() // what came from the loops meanwhile
	}
	w.wait(3 * time.Second)
	judge(w, channel, watching)
}

// judge compares what all clients show with what is true.
func judge(w *world, channel string, watching map[*client][]string) {
	conns, here := 0, map[string]int{}
	for _, c := range w.all {
		if c.sub(channel) != nil {
			key := c.User()
			if key == "" {
				key = c.Client().String()
			}
			here[key]++
			conns++
		}
	}
	gotConns, gotUsers := w.presence.Of(channel)
	if gotConns != conns || gotUsers != len(here) {
		w.t.Errorf("%d connections of %d users, not of %d and %d", gotConns, gotUsers, conns, len(here))
	}
	members, _, err := w.presence.Members(channel, "", 1000, "")
	if err != nil {
		w.t.Fatal(err)
	}
	crowd := w.presence.Stats().Crowds.Load() > 0
	for _, c := range w.all {
		if c.sub(channel) == nil {
			continue
		}
		l := c.list(channel)
		want := expected(members, crowd, watching[c])
		if got := l.text(); got != want {
			w.t.Errorf("client %v of %q shows\n%s\nnot\n%s", c.Ref(), c.User(), got, want)
		}
		if l.pending {
			w.t.Errorf("client %v waits for a list", c.Ref())
		}
		if crowd && (l.count == nil || l.count.Users != len(here) || l.count.Connections != conns) {
			w.t.Errorf("client %v counts %+v, not %d and %d", c.Ref(), l.count, len(here), conns)
		}
	}
	for _, m := range members {
		if here[m.Key] == 0 {
			w.t.Errorf("%q is not here", m.Key)
		}
	}
}

// expected is what a client should show: all, or in a crowd those whom it watches.
func expected(members []presence.Member, crowd bool, watching []string) string {
	all := map[string][]string{}
	for _, m := range members {
		shown := !crowd
		for _, user := range watching {
			shown = shown || user == m.Key
		}
		if shown {
			var v meta
			_ = json.Unmarshal(m.Meta, &v)
			b, _ := json.Marshal(v)
			all[m.Key] = append(all[m.Key], string(b))
		}
	}
	for _, metas := range all {
		sort.Strings(metas)
	}
	b, _ := json.Marshal(all)
	return string(b)
}
