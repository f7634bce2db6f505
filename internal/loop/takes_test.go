//go:build linux

package loop

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// A stream's connection says that it takes nothing when its kernel's buffer is full, also
// while its writer has nothing in hand; and that it does when its peer has read.
func TestStreamTakesNow(t *testing.T) {
	for _, secure := range []bool{false, true} {
		l := idleLoop(t)
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		cl, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer cl.Close()
		nc, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		s := &stream{nc: nc, loop: l}
		if secure {
			s.secure = &Secure{wire: wire{nc: nc}}
			s.nc = s.secure
		}
		c := &Conn{loop: l, fd: -1, carrier: s}
		if !c.TakesNow() {
			t.Error("nothing is taken though nothing was written")
		}
		// It finds more room in large buffers after a while.
		for rounds := 0; c.TakesNow(); rounds++ {
			if rounds == 100 {
				t.Fatal("what is full is said to take something")
			}
			for err = nil; err == nil; {
				_ = nc.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
				_, err = nc.Write(make([]byte, 64<<10))
			}
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatal(err)
			}
		}
		go func() { _, _ = io.Copy(io.Discard, cl) }()
		for end := time.Now().Add(20 * time.Second); !c.TakesNow(); time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("nothing is taken though all was read")
			}
		}
	}
}
