package server_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"go.uber.org/goleak"

	"throng/internal/certs/certstest"
	"throng/internal/config"
	"throng/internal/server"
)

// Nothing of ours is ignored.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction(certstest.Endless))
}

// configured returns the configuration of a server on free ports of loopback,
// with settings laid on top.
func configured(t *testing.T, set map[string]string) *config.Config {
	t.Helper()
	all := map[string]string{"listen": "127.0.0.1:0", "internal": "127.0.0.1:0", "engine.drain": "0s"}
	for k, v := range set {
		all[k] = v
	}
	c, err := config.Load(config.LoadOptions{Set: all})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// running is a server that serves.
type running struct {
	*server.Server
	stop func()        // what SIGTERM does
	over chan struct{} // closed when Run has returned
}

// start runs a server until the end of the test.
func start(t *testing.T, o server.Options) *running {
	t.Helper()
	s, err := server.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	r := &running{Server: s, stop: stop, over: make(chan struct{})}
	go func() {
		defer close(r.over)
		if err := s.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	}()
	t.Cleanup(func() {
		stop()
		<-r.over
	})
	r.awaitReady(t)
	return r
}

func (r *running) awaitReady(t *testing.T) {
	t.Helper()
	if r.Internal() == nil {
		return
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if status, _, _ := get(t, r.Internal(), "/ready"); status == http.StatusOK {
			return
		}
		if time.Now().After(end) {
			t.Fatal("the server did not become ready")
		}
	}
}

// get asks an address for a path, on a connection of its own.
func get(t *testing.T, addr net.Addr, path string) (status int, header http.Header, body string) {
	t.Helper()
	host := "localhost"
	if addr.Network() == "tcp" {
		host = addr.String()
	}
	return getUnder(t, addr, host, path)
}

// getUnder asks for a host that may have another address.
func getUnder(t *testing.T, addr net.Addr, host, path string) (status int, header http.Header, body string) {
	t.Helper()
	tr := &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, addr.Network(), addr.String())
		},
	}
	c := http.Client{Transport: tr, Timeout: 10 * time.Second}
	res, err := c.Get("http://" + host + path)
	if err != nil {
		t.Fatalf("GET %s: %v", path, err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("GET %s: %v", path, err)
	}
	return res.StatusCode, res.Header, string(b)
}

// until polls; that it gives up is only for the sake of who waits.
func until(t *testing.T, what func() bool, otherwise string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !what(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(otherwise)
		}
	}
}
