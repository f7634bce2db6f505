package gateway_test

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"throng/internal/gateway/gatewaytest"
	"throng/internal/server"
)

// behind is a server that believes a proxy on this machine and lets each address
// connect once in a minute, so that tests see whom it takes a client for.
func behind(front string, protocol bool) server.Options {
	o := gatewaytest.Options(front)
	o.Config.Proxy.Trusted, o.Config.Proxy.Protocol = []string{"127.0.0.1"}, protocol
	o.Config.Limits.ConnectsPerMinutePerAddress = 1
	return o
}

// announce dials as a proxy does: the header comes before TLS.
func announce(t *testing.T, s *gatewaytest.Server, header string) *gatewaytest.Client {
	t.Helper()
	return gatewaytest.DialBehind(t, s.Addr(), []byte(header))
}

// connects sends a handshake and returns the status of the answer.
func connects(c *gatewaytest.Client, headers ...string) int {
	c.Raw(gatewaytest.Handshake(socketPath, headers...))
	status, _, _ := c.Response("GET")
	return status
}

const (
	v2Signature = "\r\n\r\n\x00\r\nQUIT\n"
	v2Local     = v2Signature + "\x20\x00\x00\x00"
)

func v2(last byte) string {
	return v2Signature + "\x21\x11\x00\x0c" + string([]byte{203, 0, 113, last, 10, 0, 0, 1, 0x10, 0, 0x1f, 0x90})
}

// TestProxyProtocol: clients are told apart by the addresses that a trusted proxy
// announces, in either version of the header.
func TestProxyProtocol(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, front string) {
		s := gatewaytest.Start(t, behind(front, true))
		for _, c := range []struct {
			name, header string
			status       int
		}{
			{"version 1", "PROXY TCP4 203.0.113.1 10.0.0.1 4711 443\r\n", 101},
			{"version 1, IPv6", "PROXY TCP6 2001:db8::1 2001:db8::2 4711 443\r\n", 101},
			{"version 2", v2(2), 101},
			{"the same address again", v2(1), 429},
			{"the same network again", "PROXY TCP6 2001:db8::9 2001:db8::2 4712 443\r\n", 429},
			{"the proxy itself", v2Local, 101},
			{"the proxy itself again", v2Local, 101},
			{"unknown", "PROXY UNKNOWN\r\n", 101},
		} {
			if status := connects(announce(t, s, c.header)); status != c.status {
				t.Errorf("%s: status %d, want %d", c.name, status, c.status)
			}
		}
	})
}

// TestProxyHeaderMissing: from a trusted proxy nothing but a header comes first,
// in pieces if need be.
func TestProxyHeaderMissing(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, front string) {
		s := gatewaytest.Start(t, behind(front, true))
		for _, b := range []string{"GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x00\x10", "PROXY TCP4 evil\r\n", v2Signature + "\x31\x11\x00\x0c", "\x00"} {
			c := gatewaytest.Dial(t, s.Bare())
			c.Raw([]byte(b))
			c.Closed()
		}
		s.Empty(t)
		c := gatewaytest.Dial(t, s.Bare())
		for _, b := range []byte(v2(7)) {
			c.Raw([]byte{b})
		}
		if len(s.Secured()) == 0 {
			if status := connects(c); status != 101 {
				t.Errorf("status %d after a header in pieces", status)
			}
		}
	})
}

// TestProxyHeaderFromStranger: who is not trusted can't say who he is.
func TestProxyHeaderFromStranger(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, front string) {
		o := behind(front, true)
		o.Config.Proxy.Trusted = []string{"192.0.2.1"}
		s := gatewaytest.Start(t, o)
		for _, header := range []string{v2(1), "PROXY TCP4 203.0.113.1 10.0.0.1 4711 443\r\n", "PROXY "} {
			c := gatewaytest.Dial(t, s.Bare())
			c.Raw([]byte(header + "GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
			c.Closed()
		}
		if status := connects(gatewaytest.Dial(t, s.Addr())); status != 101 {
			t.Errorf("status %d without a header", status)
		}
		if len(s.Secured()) > 0 {
			return
		}
		c := gatewaytest.Dial(t, s.Addr()) // begins like a header, and comes in pieces
		for _, b := range []byte("POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n") {
			c.Raw([]byte{b})
			time.Sleep(time.Millisecond / 10)
		}
		if status, _, _ := c.Response("POST"); status != 404 {
			t.Errorf("status %d for a POST in pieces", status)
		}
	})
}

// TestForwarded: headers about the client's address count from a trusted proxy,
// and only as far as it vouches for them.
func TestForwarded(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, front string) {
		s := gatewaytest.Start(t, behind(front, false))
		for _, c := range []struct {
			name, header string
			status       int
		}{
			{"a client", "X-Forwarded-For: 203.0.113.1", 101},
			{"the same", "X-Forwarded-For: 203.0.113.1", 429},
			{"the same behind what it made up", "X-Forwarded-For: 198.51.100.7, 203.0.113.1", 429},
			{"another", "X-Forwarded-For: 203.0.113.2, 127.0.0.1", 101},
			{"by Forwarded", `Forwarded: for="[2001:db8::1]:4711";proto=https`, 101},
			{"the same by Forwarded", `Forwarded: for="[2001:db8::2]"`, 429},
			{"nobody", "X-None: 1", 101},
			{"nobody again", "X-None: 1", 101},
		} {
			if status := connects(gatewaytest.Dial(t, s.Addr()), c.header); status != c.status {
				t.Errorf("%s: status %d, want %d", c.name, status, c.status)
			}
		}
	})
}

// TestForwardedByStranger: a client can't escape its limit by headers.
func TestForwardedByStranger(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, front string) {
		o := behind(front, false)
		o.Config.Proxy.Trusted = []string{"192.0.2.0/24", "unix"}
		s := gatewaytest.Start(t, o)
		var statuses []string
		for i := range 3 {
			c := gatewaytest.Dial(t, s.Addr())
			statuses = append(statuses, fmt.Sprint(connects(c, fmt.Sprintf("X-Forwarded-For: 203.0.113.%d", i))))
		}
		if got := strings.Join(statuses, " "); got != "101 429 429" {
			t.Errorf("statuses %s", got)
		}
	})
}

// TestForwardedOverUnix: a proxy on a Unix socket has no address of its own.
func TestForwardedOverUnix(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		dir, err := os.MkdirTemp("", "gw")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		o := behind(kind, false)
		o.Config.Listen = []string{"unix:" + filepath.Join(dir, "s")}
		o.Config.Proxy.Trusted = []string{"unix"}
		s := gatewaytest.Start(t, o)
		for i, want := range []int{101, 429, 101, 101} {
			header := []string{"X-Forwarded-For: 203.0.113.1", "X-Forwarded-For: 203.0.113.1", "X-None: 1", "X-None: 2"}[i]
			if status := connects(gatewaytest.Dial(t, s.Addr()), header); status != want {
				t.Errorf("%d: status %d, want %d", i, status, want)
			}
		}
		s.Stop(t)
	})
}

// TestLongPollIsLimitedByAddress: the other way to connect has the same limit, over
// HTTP/1.1 and HTTP/2.
func TestLongPollIsLimitedByAddress(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, front string) {
		s := gatewaytest.Start(t, behind(front, false))
		base := "http://" + s.Addr().String()
		tr := &http.Transport{}
		if len(s.Secured()) > 0 {
			base = "https://" + s.Addr().String()
			tr = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}
		}
		defer tr.CloseIdleConnections()
		for i, want := range []int{200, 429, 200} {
			r, _ := http.NewRequest("GET", base+"/socket/longpoll?vsn=2.0.0", nil)
			r.Header.Set("X-Forwarded-For", []string{"203.0.113.1", "203.0.113.1", "203.0.113.2"}[i])
			resp, err := tr.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != want {
				t.Errorf("%d: status %d, want %d", i, resp.StatusCode, want)
			}
			if want == 429 && resp.Header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
		}
	})
}
