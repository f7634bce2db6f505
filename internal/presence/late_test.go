package presence_test

import (
	"testing"
	"testing/synctest"
	"time"
)

// Who leaves and comes back, and reads only then what came before it left, shows
// nobody who went meanwhile.
func TestPiecesOfAnEarlierJoin(t *testing.T) {
	inWorld(t, func(w *world) {
		c, stays := w.client("slow"), w.client("stays")
		c.join("users:x")
		stays.join("users:x")
		w.wait(time.Second)
		c.read()
		ghost := w.client("ghost")
		ghost.join("users:x")
		w.wait(time.Second) // a difference waits to be read
		c.leave("users:x")
		ghost.End()
		w.wait(time.Second)
		c.join("users:x")
		w.wait(time.Second)
		shows(t, c, "users:x", "slow stays")
	})
}

// What a watcher is told does not overtake the step that clears its list, though the
// fan-out of that one waits.
func TestWatchersWaitForTheCrowd(t *testing.T) {
	inWorld(t, func(w *world) {
		c := w.client("a")
		c.join("few:x")
		w.wait(time.Second)
		if _, err := w.presence.Watch(c.sub("few:x"), []string{"b"}); err != nil {
			t.Fatal(err)
		}
		for _, user := range []string{"b", "c", "d", "e", "f"} {
			w.client(user).join("few:x")
		}
		time.Sleep(300 * time.Millisecond)
		synctest.Wait()
		for i, b := range w.boxes { // the mailbox, and no turn of the fan-out
			for b.runOne(i) {
			}
		}
		w.wait(time.Second)
		shows(t, c, "few:x", "b")
	})
}
