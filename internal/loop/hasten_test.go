package loop

import (
	"slices"
	"strings"
	"testing"
)

func (q *queue) text() (s string) {
	for _, f := range q.frames() {
		s += string(f.B)
	}
	return s
}

// Bulk is not stopped by however many urgent ones, and is shed before them.
func TestUrgentShares(t *testing.T) {
	var q queue
	for _, name := range []byte("abcd") {
		q.push(segment{b: []byte{name}, class: 1})
	}
	for range 20 {
		q.push(segment{b: []byte("U"), class: 2, mark: markBit})
	}
	if got := q.text(); got != "UUUUUUUaUUUUUUUUbUUUUUcd" {
		t.Errorf("order %q", got)
	}
	if freed := q.shed(6, func(uint32) {}); freed != 6 || q.text() != "UUUUUUUUUUUUUUUUUU" {
		t.Errorf("%q is left", q.text())
	}
}

// Where all that waits is of its own channel, an urgent publication has nobody to pass.
func TestUrgentAmongItsOwn(t *testing.T) {
	var q queue
	for range 20 {
		q.push(segment{b: []byte("a"), class: 1})
	}
	word := segment{b: []byte("U"), class: 1, mark: markBit}
	q.push(word)
	if got := q.text(); got != strings.Repeat("a", 20)+"U" || q.ahead != 0 {
		t.Errorf("order %q, %d passed somebody", got, q.ahead)
	}
	room := slices.Grow(q.segs, 8)
	if n := testing.AllocsPerRun(10, func() {
		q.segs, q.run = room, run{n: 21, class: 1, seen: 2}
		q.push(word)
	}); n > 0 {
		t.Errorf("%v allocations for nothing", n)
	}
}

// BenchmarkHasten is a publication that finds 1 MiB of chat in the queue of a client that
// does not read. Of "others" the chat is, or its "own" channel's, or half and half, which
// includes that the old order is made again.
func BenchmarkHasten(b *testing.B) {
	const n = 7000
	frame := make([]byte, 150)
	for _, bb := range []struct {
		name  string
		class func(i int) uint32
		mark  uint32
	}{
		{"plain", func(int) uint32 { return 1 }, 0},
		{"others", func(int) uint32 { return 1 }, markBit},
		{"own", func(int) uint32 { return 2 }, markBit},
		{"mixed", func(i int) uint32 { return uint32(1 + i%2) }, markBit},
	} {
		b.Run(bb.name, func(b *testing.B) {
			var q queue
			for i := range n {
				q.push(segment{b: frame, class: bb.class(i)})
			}
			segs, run := slices.Clone(q.segs), q.run
			b.ReportAllocs()
			for b.Loop() {
				q.push(segment{b: frame, class: 2, mark: bb.mark})
				switch bb.name {
				case "others":
					q.advance(len(frame))
				case "mixed":
					copy(q.segs, segs)
					fallthrough
				default:
					q.segs, q.run = q.segs[:n], run
				}
			}
		})
	}
}
