package server_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"throng/internal/server"
	"throng/internal/websocket"
)

func TestHealthAndReady(t *testing.T) {
	s := start(t, server.Options{Config: configured(t, nil)})
	for path, want := range map[string]string{"/health": "ok\n", "/ready": "ready\n"} {
		if status, _, body := get(t, s.Internal(), path); status != 200 || body != want {
			t.Errorf("GET %s: %d %q, want 200 %q", path, status, body, want)
		}
	}
}

// A client that has not gone yet keeps the drain going, which is when balancers must
// see that nobody should be sent here any more.
func TestDrain(t *testing.T) {
	s := start(t, server.Options{Config: configured(t, map[string]string{"dev": "true", "engine.drain": "1m"})})
	client, _ := dial(t, s.Public()[0], "/socket/websocket?vsn=2.0.0")
	s.stop()
	until(t, func() bool {
		status, _, body := get(t, s.Internal(), "/ready")
		return status == http.StatusServiceUnavailable && body == "draining\n"
	}, "GET /ready does not say that the server drains")
	if status, _, _ := get(t, s.Internal(), "/health"); status != 200 {
		t.Errorf("GET /health while draining: %d, want 200", status)
	}
	until(t, func() bool {
		c, err := net.Dial("tcp", s.Public()[0].String())
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	}, "the public listener still accepts while draining")
	_ = client.Close()
	select {
	case <-s.over:
	case <-time.After(20 * time.Second): // much sooner than the drain's end
		t.Error("the server goes on although the last client has left")
	}
}

// What is for operators is not for clients, whatever the mode.
func TestInternalPathsAreNotPublic(t *testing.T) {
	for name, o := range map[string]server.Options{
		"plain": {Config: configured(t, nil)},
		"dev":   {Config: configured(t, map[string]string{"dev": "true"})},
		"demo":  {Config: configured(t, map[string]string{"dev": "true"}), Demo: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, o)
			for _, path := range []string{
				"/metrics", "/health", "/ready", "/debug/pprof/", "/debug/pprof/cmdline", "/debug/pprof/symbol", "/dashboard/", "/dashboard/operator.js",
			} {
				if status, _, _ := get(t, s.Internal(), path); status != 200 {
					t.Errorf("internal %s: %d", path, status)
				}
				if status, _, body := get(t, s.Public()[0], path); status != 404 {
					t.Errorf("public %s: %d %.80q", path, status, body)
				}
			}
			if status, _ := post(t, "http://"+s.Public()[0].String()+"/api/publish", "X-API-Key", "dev", `{"channel":"a","data":1}`); status != 404 {
				t.Errorf("public API: %d", status)
			}
			if status, _, _ := get(t, s.Internal(), "/socket/websocket"); status != 404 {
				t.Errorf("the internal listener answers for clients: %d", status)
			}
		})
	}
}

func TestWithoutInternalListener(t *testing.T) {
	s := start(t, server.Options{Config: configured(t, map[string]string{"internal": ""})})
	if a := s.Internal(); a != nil {
		t.Errorf("there is one at %v", a)
	}
	if status, _, _ := get(t, s.Public()[0], "/"); status != 404 {
		t.Errorf("GET /: %d, want 404", status)
	}
}

func TestDemoPageIsTheDemosOnly(t *testing.T) {
	dev := map[string]string{"dev": "true"}
	demo := start(t, server.Options{Config: configured(t, dev), Demo: true})
	if status, h, body := get(t, demo.Public()[0], "/"); status != 200 ||
		!strings.HasPrefix(h.Get("Content-Type"), "text/html") || !strings.Contains(body, "<title>") {
		t.Errorf("GET /: %d %v %.80q", status, h, body)
	}
	plain := start(t, server.Options{Config: configured(t, dev)})
	for _, path := range []string{"/", "/demo.js", "/phoenix.mjs"} {
		if status, _, _ := get(t, plain.Public()[0], path); status != 404 {
			t.Errorf("serve --dev answers %s with %d", path, status)
		}
	}
}

// dial upgrades a bare WebSocket connection.
func dial(t *testing.T, addr net.Addr, target string) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := net.Dial(addr.Network(), addr.String())
	if err != nil {
		t.Fatal(err)
	}
	return c, upgrade(t, c, target)
}

// upgrade makes a WebSocket of a connection, which the test's end closes.
func upgrade(t *testing.T, c net.Conn, target string) *bufio.Reader {
	t.Helper()
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(time.Minute)) // for all that the test does with it
	if _, err := c.Write(websocket.AppendClientRequest(nil, "throng", target, []byte("dGhlIHNhbXBsZSBub25jZQ=="))); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(c)
	res, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("upgrade: %s", res.Status)
	}
	return in
}

// closeCode reads up to the server's close frame.
func closeCode(t *testing.T, in io.Reader) uint16 {
	t.Helper()
	var r websocket.Reader
	lim := websocket.Limits{MaxMessage: 1 << 20, MaxFragments: 1, Client: true}
	var have []byte
	for buf := make([]byte, 4096); ; {
		n, err := in.Read(buf)
		if err != nil {
			t.Fatalf("no close frame: %v", err)
		}
		for have = append(have, buf[:n]...); ; {
			m, used, ok, err := r.Next(have, &lim)
			if err != nil {
				t.Fatal(err)
			}
			have = have[used:]
			if !ok {
				break
			}
			if m.Op == websocket.OpClose {
				code, _ := websocket.ParseClose(m.Data)
				return code
			}
		}
	}
}

// hear reads the next message, which must be this one.
func hear(t *testing.T, in *bufio.Reader, want string) {
	t.Helper()
	var r websocket.Reader
	lim := websocket.Limits{MaxMessage: 1 << 20, MaxFragments: 1, Client: true}
	for need := 1; ; {
		if _, err := in.Peek(need); err != nil {
			t.Fatalf("no message: %v; want %s", err, want)
		}
		have, _ := in.Peek(in.Buffered())
		m, used, ok, err := r.Next(have, &lim)
		if err != nil {
			t.Fatal(err)
		}
		if ok && string(m.Data) != want {
			t.Fatalf("got  %s\nwant %s", m.Data, want)
		}
		need = len(have) - used + 1
		_, _ = in.Discard(used)
		if ok {
			return
		}
	}
}
