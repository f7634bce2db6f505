package presence_test

import (
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
