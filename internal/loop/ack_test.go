package loop_test

import (
	"testing"
	"time"

	"throng"
	"throng/internal/loop"
)

// The peer's system confirms what is sent, or that it is there; a listener is heard by
// that alone.
func TestLastAck(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		clock := throng.NewClock()
		r := start(t, on, loop.Options{Clock: clock}, nil)
		client, _, c := r.dial()
		before := clock.Now()
		if _, err := client.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		said := clock.Now()
		time.Sleep(400 * time.Millisecond)
		var at int64
		r.on(c, func() { at = c.LastAck() })
		switch known := on.kind != loop.Goroutine && on.network != "unix"; {
		case !known && at != 0:
			t.Errorf("LastAck is %d, where it can't be known", at)
		case known && (at < before-300 || at > said+300):
			t.Errorf("LastAck is %d ms after the client wrote", at-said)
		}
	})
}
