package gateway

import (
	"crypto/tls"
	"net"
	"testing"

	"throng"
	"throng/internal/loop"
)

// TestHandoverGivesPlacesBack: what waits for net/http when it ends is closed, and
// no longer counted.
func TestHandoverGivesPlacesBack(t *testing.T) {
	e, err := loop.New(loop.Options{Kind: loop.Goroutine, Loops: 1})
	if err != nil {
		t.Fatal(err)
	}
	e.Start()
	defer func() { _ = e.Stop(t.Context()) }()
	g := New(Options{Engine: e, Clock: throng.NewClock()})
	before := e.Connections()
	for i := range 4 {
		near, far := net.Pipe()
		defer far.Close()
		var nc net.Conn = &httpConn{Conn: near, engine: e}
		if i%2 == 0 {
			nc = tls.Server(near, nil)
		}
		if !g.conns.give(nc) {
			t.Fatal("not taken")
		}
	}
	_ = g.conns.Close()
	if n := before - e.Connections(); n != 4 {
		t.Errorf("%d of 4 places were given back", n)
	}
}
