package loop

import (
	"net"
	"os"
	"testing"
	"time"
)

// kept is a connection to which nothing was written in time: whoever writes was kept from
// it for longer than that.
type kept struct {
	net.Conn
	writes int
	got    []byte
}

func (k *kept) SetDeadline(time.Time) error { return nil }
func (k *kept) Close() error                { return nil }

func (k *kept) Write(b []byte) (int, error) {
	if k.writes++; k.writes == 1 {
		return 0, os.ErrDeadlineExceeded
	}
	k.got = append(k.got, b...)
	return len(b), nil
}

// Who is refused by a machine that is busy is told so all the same.
func TestRefusalKept(t *testing.T) {
	a := &acceptor{e: &Engine{opts: Options{Refusal: []byte("full")}}}
	k := &kept{}
	if a.refuse(k); string(k.got) != "full" {
		t.Errorf("%q after %d writes", k.got, k.writes)
	}
}
