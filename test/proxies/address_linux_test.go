package proxies

import (
	"bufio"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"throng/test/process"
)

// Addresses of clients. They are not among those that proxies come from.
const (
	ann = "127.0.0.21"
	bob = "127.0.0.22"
)

// TestClientAddress: throng limits clients by their own addresses, whatever they
// say about themselves.
func TestClientAddress(t *testing.T) {
	binary := process.Build(t, "./cmd/throng")
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			_, b := w.serve(t, binary, "--set", "limits.connects_per_minute_per_address=2")
			f := w.front(t, b)
			steps := []struct {
				from   string
				claims string
				want   int
			}{
				{ann, "", http.StatusSwitchingProtocols},
				{ann, "", http.StatusSwitchingProtocols},
				{ann, "", http.StatusTooManyRequests},
				{ann, "X-Forwarded-For: 203.0.113.1", http.StatusTooManyRequests},
				{ann, "X-Forwarded-For: 127.0.0.2\r\nX-Forwarded-For: 203.0.113.2", http.StatusTooManyRequests},
				{ann, "Forwarded: for=203.0.113.3", http.StatusTooManyRequests},
				{bob, "X-Forwarded-For: " + ann + "\r\nForwarded: for=" + ann, http.StatusSwitchingProtocols},
				{bob, "", http.StatusSwitchingProtocols},
				{bob, "", http.StatusTooManyRequests},
			}
			for i, s := range steps {
				if got := connect(t, f, s.from, s.claims); got != s.want {
					t.Errorf("%d. %s %q: status %d, want %d", i+1, s.from, s.claims, got, s.want)
				}
			}
		})
	}
}

const secret = "SFMyNTY.c2VjcmV0"

// TestTokensStayOutOfLogs: not even when throng is gone and the proxies complain.
func TestTokensStayOutOfLogs(t *testing.T) {
	binary := process.Build(t, "./cmd/throng")
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			s, b := w.serve(t, binary)
			f := w.front(t, b)
			if got := connect(t, f, ann, ""); got != http.StatusSwitchingProtocols {
				t.Errorf("status %d", got)
			}
			s.Kill()
			if got := connect(t, f, ann, ""); got != http.StatusBadGateway && got != http.StatusServiceUnavailable && got != none {
				t.Errorf("without throng: status %d", got)
			}
			logged := "/socket/websocket"
			if w.name == "haproxy-tcp" {
				logged = "throng/a"
			}
			waitFor(t, "two lines in the log", func() bool {
				return strings.Count(f.log(), ann) >= 2 && strings.Count(f.log(), logged) >= 2
			})
			if strings.Contains(f.log(), secret) || strings.Contains(s.Log(), secret) {
				t.Error("the token is in a log")
			}
		})
	}
}

// TestOtherPathsAreClosed: proxies that see paths pass on the client's only.
func TestOtherPathsAreClosed(t *testing.T) {
	binary := process.Build(t, "./cmd/throng")
	_, b := onTCP(t, binary)
	for name, f := range map[string]*front{"nginx": nginx(t, b), "haproxy": haproxy(t, "haproxy.cfg", b)} {
		for path, want := range map[string]int{
			"/": 404, "/metrics": 404, "/debug/pprof/": 404, "/echo": 404, "/socket/websocket/x": 404,
			"/socket/websocket": 400, // throng says this to who does not upgrade
		} {
			r, err := client().Get("http://" + f.plain + path)
			if err != nil {
				t.Fatal(err)
			}
			r.Body.Close()
			if r.StatusCode != want {
				t.Errorf("%s %s: status %d, want %d", name, path, r.StatusCode, want)
			}
		}
	}
}

// TestReadyThroughNginx: a balancer in front of nginx is told whether throng wants
// clients, and nobody else is.
func TestReadyThroughNginx(t *testing.T) {
	s, b := onTCP(t, process.Build(t, "./cmd/throng"))
	f := nginx(t, b)
	for _, want := range []int{http.StatusOK, http.StatusBadGateway} {
		r, err := client().Get("http://" + f.plain + "/ready")
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != want {
			t.Errorf("status %d, want %d", r.StatusCode, want)
		}
		s.Kill()
	}
}

const none = 0 // no HTTP answer

// connect sends a handshake from an address, with header lines of the client's
// own and a token, and returns the status of the answer.
func connect(t *testing.T, f *front, from, claims string) (status int) {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: patience}
	c, err := d.DialContext(t.Context(), "tcp", f.plain)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	lines := []string{
		"GET /socket/websocket?vsn=2.0.0&token=" + secret + " HTTP/1.1", "Host: " + f.plain,
		"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
	}
	if claims != "" {
		lines = append(lines, claims)
	}
	if _, err := c.Write([]byte(strings.Join(lines, "\r\n") + "\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return none
	}
	r.Body.Close()
	return r.StatusCode
}
