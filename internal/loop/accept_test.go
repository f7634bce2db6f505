package loop_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"testing"

	"throng/internal/loop"
)

// Whoever accepts, no loop has much more than another.
func TestLoadIsShared(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		const loops, conns = 3, 90
		r := start(t, on, loop.Options{Loops: loops}, nil)
		for range conns {
			r.dial()
		}
		for i := range loops {
			if n := r.e.Load(i); n < conns/loops-3 || n > conns/loops+3 {
				t.Errorf("loop %d has %d of %d connections", i, n, conns)
			}
		}
	})
}

// The engine owns a listener that it serves: the address is free again, and the
// file of a Unix socket is gone, when it stops listening.
func TestListenerIsClosed(t *testing.T) {
	for _, kind := range kinds() {
		t.Run(string(kind), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "s")
			ln, err := net.Listen("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			e := newEngine(t, kind, loop.Options{Loops: 2})
			e.Start()
			defer stop(t, e)
			served := make(chan error, 1)
			go func() { served <- e.Serve(ln, func() loop.Handler { return newProbe(t) }) }()
			nc, err := net.Dial("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			eventually(t, "accepted", func() bool { return e.Connections() == 1 })
			e.CloseListeners()
			if err := receive(t, served); !errors.Is(err, loop.ErrListenerClosed) {
				t.Errorf("Serve: %v", err)
			}
			if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the socket's file: %v", err)
			}
			if nc, err := net.Dial("unix", path); err == nil {
				_ = nc.Close()
				t.Error("somebody listens still")
			}
		})
	}
}
