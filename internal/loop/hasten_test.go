package loop

import "testing"

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

// BenchmarkHasten is an urgent publication that finds a backlog.
func BenchmarkHasten(b *testing.B) {
	for _, bb := range []struct {
		name string
		mark uint32
	}{{"bulk", 0}, {"urgent", markBit}} {
		b.Run(bb.name, func(b *testing.B) {
			frame := make([]byte, 100)
			var q queue
			for range 1000 {
				q.push(segment{b: frame, class: 1})
			}
			b.ReportAllocs()
			for b.Loop() {
				q.push(segment{b: frame, class: 2, mark: bb.mark})
				q.advance(len(frame))
			}
		})
	}
}
