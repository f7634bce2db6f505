package loop_test

import (
	"bytes"
	"testing"

	"throng/internal/loop"
)

// TestAgain: a handler that can go on is offered what it left, one message in a
// task, also if nothing more comes; and nothing if it left nothing.
func TestAgain(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		held, calls := true, 0
		r := start(t, on, loop.Options{}, func(p *probe) {
			p.data = func(c *loop.Conn, b []byte) int {
				calls++
				end := bytes.IndexByte(b, '\n') + 1
				if held || end == 0 {
					return 0
				}
				c.Send(bytes.Clone(b[:end]))
				c.Again()
				return end
			}
		})
		cl, _, c := r.dial()
		r.on(c, func() { c.Again() }) // there is nothing yet
		cl.send([]byte("one\ntwo\nthree\nrest"))
		eventually(t, "the input is there", func() (there bool) {
			r.on(c, func() { there = calls > 0 })
			return there
		})
		r.on(c, func() {
			held, calls = false, 0
			c.Again()
		})
		if got := string(cl.read(14)); got != "one\ntwo\nthree\n" {
			t.Errorf("%q", got)
		}
		r.on(c, func() {})
		r.on(c, func() {
			if calls != 4 {
				t.Errorf("called %d times", calls)
			}
		})
		cl.send([]byte("\n"))
		if got := string(cl.read(5)); got != "rest\n" {
			t.Errorf("%q", got)
		}
	})
}
