package presence_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"throng"
)

// Metas of 1 KB, and how many of them are a list that is half of a queue.
const (
	metaBytes   = 1000
	fitting     = 14
	narrowQueue = 32 << 10
)

func large(seed string) []byte {
	return fmt.Appendf(nil, `{"about":%q}`, strings.Repeat(seed, metaBytes))
}

// crowded adds so many members with large metas.
func crowded(w *world, channel string, members int) (all []*client) {
	for i := range members {
		c := w.informed(fmt.Sprintf("u%03d", i), large("x"))
		c.join(channel)
		all = append(all, c)
	}
	w.wait(2 * time.Second)
	return all
}

// A list that would fill the queues of its clients is not sent: its members are counted,
// and asked for in pages, of which none is larger either.
func TestLargeListIsCounted(t *testing.T) {
	inNarrowWorld(t, narrowQueue, func(w *world) {
		all := crowded(w, "users:x", fitting)
		if n := len(all[0].list("users:x").state); n != fitting {
			t.Fatalf("shows %d", n)
		}
		for _, add := range []int{1, 3} {
			for range add {
				c := w.informed(fmt.Sprint("more", len(all)), large("x"))
				c.join("users:x")
				all = append(all, c)
			}
			w.wait(2 * time.Second)
			for _, c := range all {
				if l := c.list("users:x"); len(l.state) != 0 || l.count == nil || l.count.Users != len(all) {
					t.Fatalf("of %d, %s shows %d, counts %+v", len(all), c.User(), len(l.state), l.count)
				}
			}
		}
		told := 0
		for cursor, pages := "", 0; ; pages++ {
			answer, err := w.presence.List(all[0].sub("users:x"), cursor, 100)
			if err != nil || pages > len(all) || len(answer) > narrowQueue/2+2*metaBytes {
				t.Fatalf("page %d of %d bytes: %v", pages, len(answer), err)
			}
			var page struct {
				Members []struct{ Key string }
				Cursor  string
			}
			if err := json.Unmarshal(answer, &page); err != nil {
				t.Fatal(err)
			}
			told += len(page.Members)
			if cursor = page.Cursor; cursor == "" {
				break
			}
		}
		if told != len(all) {
			t.Errorf("the pages have %d of %d", told, len(all))
		}
		for _, c := range all[10:] {
			c.End()
		}
		w.wait(2 * time.Second)
		for _, c := range all[:10] {
			if n := len(c.list("users:x").state); n != 10 {
				t.Fatalf("of 10, %s shows %d", c.User(), n)
			}
			for _, line := range c.take() {
				if len(line) > narrowQueue/2 || strings.HasPrefix(line, throng.PresenceCount) && len(line) > narrowQueue/4 {
					t.Fatalf("%.40s… has %d bytes", line, len(line))
				}
			}
		}
	})
}

// Members whose metas become large are counted from then on, and told of each other when
// those are small again.
func TestUpdatesMakeAListLarge(t *testing.T) {
	inNarrowWorld(t, narrowQueue, func(w *world) {
		var all []*client
		for i := range fitting + 1 {
			c := w.client(fmt.Sprint("u", i))
			c.join("users:x")
			all = append(all, c)
		}
		update := func(meta []byte, shown int) {
			t.Helper()
			for _, c := range all {
				if err := w.presence.Update(c.sub("users:x"), meta); err != nil {
					t.Fatal(err)
				}
			}
			w.wait(3 * time.Second)
			for _, c := range all {
				if n := len(c.list("users:x").state); n != shown {
					t.Fatalf("%s shows %d, want %d", c.User(), n, shown)
				}
			}
		}
		update([]byte(`{"a":1}`), len(all))
		update(large("y"), 0)
		update([]byte(`{"a":2}`), len(all))
	})
}

// Who joins where metas are large, and reads slowly, is not ended by what is published
// next: neither where the list just fits nor where it would not.
func TestLargeListEndsNobody(t *testing.T) {
	for _, members := range []int{fitting - 1, 40} {
		inNarrowWorld(t, narrowQueue, func(w *world) {
			crowded(w, "users:x", members)
			c := w.client("slow")
			c.join("users:x")
			c.Stalled = true
			queued := c.Queued()
			for range 10 {
				w.Broadcast(t.Context(), "users:x", &throng.Publication{Event: "msg", Data: []byte(`{}`)}, "", nil)
				w.wait(time.Second)
			}
			if c.Ended() || queued > narrowQueue/2 || members < fitting && queued < narrowQueue/4 {
				t.Errorf("ended %t; at first %d bytes waited for it", c.Ended(), queued)
			}
		})
	}
}
