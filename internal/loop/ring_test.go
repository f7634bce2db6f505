//go:build linux

package loop

import (
	"bytes"
	"errors"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// newTestRing makes a ring; a machine without io_uring has nothing to test.
func newTestRing(t testing.TB, sends uint32) *ring {
	t.Helper()
	r, err := newRing(sends)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(r.close)
	return r
}

func pair(t testing.TB) (ours, theirs int) {
	t.Helper()
	p, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(p[0]); unix.Close(p[1]) })
	return p[0], p[1]
}

// Each send is answered with what a write would have returned: all, a part, nothing
// now, or why never.
func TestRingAnswers(t *testing.T) {
	r := newTestRing(t, 4)
	fine, fineEnd := pair(t)
	full, _ := pair(t)
	gone, goneEnd := pair(t)
	_ = unix.Close(goneEnd)
	part, _ := pair(t)
	for b := make([]byte, 4096); ; {
		if _, err := unix.Write(full, b); err == unix.EAGAIN {
			break
		}
	}
	hello, much := []byte("hello"), make([]byte, 8<<20)
	var got [4]int
	for range 3 { // the numbers of sends and results go on
		for _, s := range []struct {
			fd int
			b  []byte
		}{{fine, hello}, {full, hello}, {gone, hello}, {part, much}} {
			r.add(s.fd, s.b)
		}
		if r.room() != 0 {
			t.Errorf("room for %d more", r.room())
		}
		clear(got[:])
		if made, err := r.enter(func(i, res int) { got[i] = res }); made != 4 || err != nil || r.room() != 4 {
			t.Errorf("%d made, then room for %d: %v", made, r.room(), err)
		}
		if got[0] != len(hello) || got[1] != -int(unix.EAGAIN) || got[2] != -int(unix.EPIPE) {
			t.Errorf("results %v", got)
		}
		b := make([]byte, 100)
		if n, err := unix.Read(fineEnd, b); err != nil || !bytes.Equal(b[:n], hello) {
			t.Errorf("read %q, %v", b[:max(n, 0)], err)
		}
		if got[3] != -int(unix.EAGAIN) && (got[3] <= 0 || got[3] >= len(much)) {
			t.Errorf("of 8 MiB it took %d", got[3])
		}
	}
}

// What the system does not take is not made, and what is gathered next is not mistaken
// for it.
func TestRingRefused(t *testing.T) {
	r := newTestRing(t, 4)
	ours, theirs := pair(t)
	fd := r.fd
	r.fd = -1
	r.add(ours, []byte("lost"))
	r.add(ours, []byte("lost too"))
	if made, err := r.enter(func(int, int) { t.Error("a result") }); made != 0 || !errors.Is(err, unix.EBADF) {
		t.Errorf("%d made, %v", made, err)
	}
	r.fd = fd
	r.add(ours, []byte("forgotten"))
	r.forget()
	r.add(ours, []byte("sent"))
	var got []int
	if made, err := r.enter(func(i, res int) { got = append(got, i, res) }); made != 1 || err != nil || got[0] != 0 || got[1] != 4 {
		t.Errorf("%d made: %v, %v", made, got, err)
	}
	b := make([]byte, 100)
	if n, _ := unix.Read(theirs, b); string(b[:max(n, 0)]) != "sent" {
		t.Errorf("read %q", b[:max(n, 0)])
	}
}

func TestRingImpossible(t *testing.T) {
	newTestRing(t, 1)
	if r, err := newRing(1 << 30); err == nil {
		r.close()
		t.Error("a ring for a billion sends")
	}
}

// The other way to write many small messages is beside it.
func BenchmarkRing(b *testing.B) {
	for _, many := range []int{1, 2, 4, 100} {
		b.Run(strconv.Itoa(many), func(b *testing.B) { benchRing(b, many) })
	}
}

func benchRing(b *testing.B, many int) {
	ours, theirs := make([]int, many), make([]int, many)
	for i := range many {
		ours[i], theirs[i] = pair(b)
	}
	hello, buf := bytes.Repeat([]byte("x"), 64), make([]byte, 64<<10)
	drain := func() { // the same for both
		for _, fd := range theirs {
			_, _ = unix.Read(fd, buf)
		}
	}
	b.Run("io_uring", func(b *testing.B) {
		r := newTestRing(b, 128)
		b.ReportAllocs()
		for b.Loop() {
			for _, fd := range ours {
				r.add(fd, hello)
			}
			made, err := r.enter(func(_, res int) {
				if res != len(hello) {
					b.Error(res)
				}
			})
			if made != many || err != nil {
				b.Fatal(made, err)
			}
			drain()
		}
	})
	b.Run("write", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for _, fd := range ours {
				if n, err := unix.Write(fd, hello); n != len(hello) {
					b.Fatal(n, err)
				}
			}
			drain()
		}
	})
}
