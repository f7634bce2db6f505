//go:build linux

package loop

import (
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// Writing reports whether the carrier has something in hand.
func (c *Conn) Writing() bool { return c.writing() }

// A socket of which roomy says no takes nothing, and once its peer has read a little,
// something is taken where it says yes.
func TestRoomy(t *testing.T) {
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
	fd, err := takeFD(nc)
	if err != nil {
		t.Fatal(err)
	}
	defer closeFD(fd)
	if err := unix.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	record, full, yes := make([]byte, recordSize), 0, 0
	for range 2000 {
		said := roomy(fd)
		n, err := writeFD(fd, record)
		switch {
		case said && n == 0:
			t.Fatal("nothing is taken though there is room")
		case err == errAgain || n < len(record):
			full++
			if n, err := cl.Read(record[:5000]); n == 0 {
				t.Fatal(err)
			}
		default:
			yes++
		}
	}
	if full == 0 || yes == 0 {
		t.Errorf("full %d times, %d times not", full, yes)
	}
}
