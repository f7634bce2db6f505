package presence_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"throng"
)

// A client whose differences were shed shows the right list when it has caught up.
func TestSlow(t *testing.T) {
	inWorld(t, func(w *world) {
		w.env.Limits.QueueBytes = 4000
		slow := w.client("slow")
		slow.join("few:x")
		w.wait(time.Second)
		slow.take()
		slow.Stalled = true
		ann := w.client("ann")
		ann.join("few:x")
		w.wait(time.Second) // the difference waits
		data := []byte(`"` + strings.Repeat("x", 500) + `"`)
		for range 20 {
			w.Broadcast(t.Context(), "few:x", &throng.Publication{Event: "msg", Data: data}, "", nil)
			w.settle()
		}
		for _, f := range slow.Waiting {
			if strings.HasPrefix(f.Text, "presence_diff") {
				t.Fatal("the difference was not shed")
			}
		}
		w.wait(2 * time.Second)
		shed := w.presence.Stats().Renewed.Load()
		slow.Stalled = false
		slow.Flush()
		w.wait(time.Second)
		shows(t, slow, "few:x", "ann slow")
		if n := w.presence.Stats().Renewed.Load(); n != 1 || shed != 0 {
			t.Errorf("the list was shown %d times, %d of them too early", n, shed)
		}
	})
}

// Who joins very many channels at once gets their lists as fast as it reads: those that
// wait leave room for what is published meanwhile. In the end all are right.
func TestListsLeaveRoom(t *testing.T) {
	inWorld(t, func(w *world) {
		const channels, queue = 30, 10_000
		name := func(i int) string { return fmt.Sprint("users:", i) }
		big := fmt.Appendf(nil, `{"meta":%q}`, strings.Repeat("x", 1000))
		for _, user := range []string{"ann", "bob"} { // 60 KB of lists
			other := w.informed(user, big)
			for i := range channels {
				other.join(name(i))
			}
		}
		w.wait(time.Second)
		w.env.Limits.QueueBytes = queue
		c := w.informed("cid", nil)
		c.Stalled = true
		for i := range channels {
			c.join(name(i))
		}
		w.wait(time.Second) // all are told that it came, it too
		if c.Ended() || c.Queued() > queue {
			t.Errorf("ended %t, %d bytes wait", c.Ended(), c.Queued())
			return
		}
		c.Stalled = false
		for range 20 {
			c.Flush()
			w.wait(250 * time.Millisecond)
		}
		for i := range channels {
			shows(t, c, name(i), "ann bob cid")
		}
	})
}

// Who waits for its first list, and misses that somebody left, does not show that one.
func TestListsComeBehindWhatWasRead(t *testing.T) {
	inWorld(t, func(w *world) {
		w.env.Limits.QueueBytes = 4000
		c, ann := w.client("slow"), w.client("ann")
		c.join("few:other")
		fill := func(n int) {
			data := []byte(`"` + strings.Repeat("x", 500) + `"`)
			for range n {
				w.Broadcast(t.Context(), "few:other", &throng.Publication{Event: "msg", Data: data}, "", nil)
				w.settle()
			}
		}
		w.wait(time.Second)
		c.take()
		c.Stalled = true
		fill(5)
		c.join("few:x") // its list has to wait
		ann.join("few:x")
		w.wait(300 * time.Millisecond)
		c.Stalled = false
		c.Flush() // it reads that ann came
		c.read()
		c.Stalled = true
		fill(5)
		ann.leave("few:x")
		w.wait(300 * time.Millisecond)
		fill(10) // and that ann left is dropped
		w.wait(time.Second)
		c.Stalled = false
		c.Flush()
		w.wait(time.Second)
		shows(t, c, "few:x", "slow")
	})
}
