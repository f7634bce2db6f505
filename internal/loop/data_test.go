package loop_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"throng"
	"throng/internal/loop"
)

func TestEcho(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{}, echoing)
		for _, n := range []int{1, 2, 100, 8191, 8192, 8193, 65535, 65536, 65537, 1 << 20} {
			cl, p, _ := r.dial()
			want := pattern(n)
			var got []byte
			group(
				func() {
					for b := want; len(b) > 0; { // in pieces of all kinds
						k := min(len(b), 1+len(b)*7%50021)
						_, _ = cl.Write(b[:k])
						b = b[k:]
					}
				},
				func() { got = cl.read(n) },
			)
			if !bytes.Equal(got, want) {
				t.Errorf("%d bytes came back changed", n)
			}
			_ = cl.Close()
			_ = p.cause()
		}
	})
}

// framed consumes whole messages only: two bytes of length, then the payload.
func framed(got *[][]byte) func(p *probe) {
	return func(p *probe) {
		p.data = func(_ *loop.Conn, b []byte) (used int) {
			for {
				rest := b[used:]
				if len(rest) < 2 || len(rest) < 2+int(binary.BigEndian.Uint16(rest)) {
					return used
				}
				end := 2 + int(binary.BigEndian.Uint16(rest))
				*got = append(*got, bytes.Clone(rest[2:end]))
				used += end
			}
		}
	}
}

func TestSpill(t *testing.T) {
	for _, piece := range []int{1, 3, 1000, 30000} {
		t.Run(fmt.Sprint(piece), func(t *testing.T) {
			onAll(t, func(t *testing.T, on carrier) {
				sizes := []int{0, 1, 2, 300, 17}
				if piece > 3 {
					sizes = append(sizes, 65000, 5, 0, 64000, 65533)
				}
				var want, got [][]byte
				var wire []byte
				for _, n := range sizes {
					m := pattern(n)
					want = append(want, m)
					wire = append(binary.BigEndian.AppendUint16(wire, uint16(n)), m...)
				}
				r := start(t, on, loop.Options{}, framed(&got))
				cl, _, c := r.dial()
				for b := wire; len(b) > 0; {
					k := min(len(b), piece)
					cl.send(b[:k])
					b = b[k:]
					if piece < 10 { // each byte by itself
						r.on(c, func() {})
					}
				}
				eventually(t, "all messages", func() (all bool) {
					r.on(c, func() { all = len(got) == len(want) })
					return all
				})
				for i := range want {
					if !bytes.Equal(got[i], want[i]) {
						t.Errorf("message %d of %d bytes differs", i, len(want[i]))
					}
				}
			})
		})
	}
}

func TestOverrun(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		most := 0
		r := start(t, on, loop.Options{}, func(p *probe) {
			p.data = func(_ *loop.Conn, b []byte) int { most = max(most, len(b)); return 0 }
		})
		cl, p, _ := r.dial()
		go func() { _, _ = cl.Write(make([]byte, 100_000)) }()
		if err := p.cause(); !errors.Is(err, loop.ErrOverrun) {
			t.Errorf("ended with %v", err)
		}
		if most != 64<<10 {
			t.Errorf("handler saw %d bytes before it was cut off", most)
		}
		_ = cl.Close()
	})
}

func TestOneWritePerTurn(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{}, func(p *probe) {
			p.data = func(c *loop.Conn, b []byte) int {
				for i := range 10 {
					switch i % 3 {
					case 0:
						c.Send([]byte{byte('0' + i)})
					case 1:
						c.SendScratch(append(c.Scratch(), byte('0'+i)), 0)
					default:
						c.SendDroppable([]byte{byte('0' + i)}, throng.Timing{}, 1)
					}
				}
				return len(b)
			}
		})
		cl, _, c := r.dial()
		stats := r.e.Stats(c.Loop().Index())
		for i := range 5 {
			before := stats.Writes.Load()
			cl.send([]byte("?"))
			if got := string(cl.read(10)); got != "0123456789" {
				t.Fatalf("got %q", got)
			}
			// The counter follows the write.
			eventually(t, "a write", func() bool { return stats.Writes.Load() > before })
			if n := stats.Writes.Load() - before; n != 1 {
				t.Errorf("round %d: %d writes", i, n)
			}
		}
	})
}

// What SendScratch holds must survive the turn when the peer doesn't take it.
func TestScratchOutlivesTurn(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{}, nil)
		cl, _, c := r.dial()
		var want []byte
		for i := range 200 {
			r.on(c, func() {
				for j := range 5 {
					b := bytes.Repeat([]byte{byte(i), byte(j)}, 5000)
					want = append(want, b[1:]...)
					c.SendScratch(append(c.Scratch(), b...), 1)
				}
			})
		}
		if got := cl.read(len(want)); !bytes.Equal(got, want) {
			t.Error("what waited was overwritten")
		}
	})
}

func TestHandlerChange(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		second := newProbe(t)
		echoing(second)
		r := start(t, on, loop.Options{}, func(p *probe) {
			p.data = func(c *loop.Conn, b []byte) int {
				c.SetHandler(second)
				return 1
			}
		})
		cl, first, c := r.dial()
		cl.send([]byte("xabc"))
		eventually(t, "change", func() (changed bool) {
			r.on(c, func() { changed = c.Handler() == loop.Handler(second) })
			return changed
		})
		cl.send([]byte("def"))
		if got := string(cl.read(6)); got != "abcdef" {
			t.Errorf("got %q", got)
		}
		r.on(c, func() {
			if on.network != "unix" && c.RemoteAddr().String() != cl.LocalAddr().String() {
				t.Errorf("address %v, want %v", c.RemoteAddr(), cl.LocalAddr())
			}
		})
		_ = cl.Close()
		_ = second.cause()
		if len(first.ended) != 0 {
			t.Error("the first handler was told the end too")
		}
	})
}
