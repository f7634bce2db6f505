package loop_test

import (
	"bytes"
	"crypto/tls"
	"reflect"
	"testing"

	"throng/internal/loop"
)

// kept is how much a tls.Conn has room for, of what it reads.
func kept(t *testing.T, c *tls.Conn) (n int) {
	t.Helper()
	for _, name := range []string{"rawInput", "hand"} {
		f := reflect.ValueOf(c).Elem().FieldByName(name)
		if !f.IsValid() || f.Type() != reflect.TypeFor[bytes.Buffer]() {
			t.Fatalf("a tls.Conn has no buffer %s any more: see what slim.go can do with this version of Go", name)
		}
		n += f.FieldByName("buf").Cap()
	}
	return n
}

// An idle connection has none of the room that its hello needed, with keys of the
// post-quantum exchange, nor any that a long message did.
func TestSecureSlim(t *testing.T) {
	onSecure(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{}, echoing)
		cl, _, c := r.dial()
		for _, size := range []int{0, 5, 800, 100_000, 5} {
			want := pattern(size)
			group(
				func() { cl.send(want) },
				func() {
					if !bytes.Equal(cl.read(size), want) {
						t.Errorf("%d bytes changed", size)
					}
				},
			)
			var d loop.Detached
			r.on(c, func() { d, _ = c.Detach() })
			s := d.Conn.(*loop.Secure)
			if n := kept(t, s.Conn); n > 2<<10 || size <= 5 && n > 1<<10 {
				t.Errorf("after a message of %d bytes a connection keeps %d", size, n)
			}
			back := newProbe(t)
			echoing(back)
			r.e.Adopt(s, d.In, back, true)
			c = receive(t, back.opened)
		}
	})
}

// What has come stays: the half of a record, behind one that was handed over.
func TestSecureSlimBetween(t *testing.T) {
	onSecure(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{}, echoing)
		f, _ := forge(r, tls.VersionTLS13)
		want := pattern(30_000)
		first := f.seal(nil, dataRecord, want[:15_000])
		second := f.seal(nil, dataRecord, want[15_000:])
		f.raw(append(first, second[:7_000]...))
		got := f.read(15_000)
		f.raw(second[7_000:])
		if got = append(got, f.read(15_000)...); !bytes.Equal(got, want) {
			t.Error("bytes changed")
		}
	})
}
