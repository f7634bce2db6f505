package gateway_test

import (
	"testing"

	"throng/internal/gateway"
	"throng/internal/gateway/gatewaytest"
)

func TestOrigins(t *testing.T) {
	listed := gateway.Origins{"https://example.com", "http://localhost:3000", "//*.host", "//*.port.example:8443", "https://[::1]:8080"}
	for _, test := range []struct {
		origins gateway.Origins
		origin  string
		host    string
		allowed bool
	}{
		{listed, "https://example.com", "x", true},
		{listed, "HTTPS://Example.COM", "x", true},
		{listed, "http://example.com", "x", false},
		{listed, "https://example.com:8443", "x", false},
		{listed, "https://evilexample.com", "x", false},
		{listed, "https://example.com.evil", "x", false},
		{listed, "https://example.com@evil.com", "x", false},
		{listed, "https://example.com/", "x", false},
		{listed, "https://sub.example.com", "x", false},
		{listed, "http://localhost:3000", "x", true},
		{listed, "http://localhost", "x", false},
		{listed, "https://[::1]:8080", "x", true},
		{listed, "https://[::1]", "x", false},
		{listed, "https://a.host", "x", true},
		{listed, "http://a.b.host:81", "x", true},
		{listed, "https://host", "x", false},
		{listed, "https://.host", "x", false},
		{listed, "https://evilhost", "x", false},
		{listed, "https://host.evil", "x", false},
		{listed, "https://a.host.evil", "x", false},
		{listed, "https://a.host.", "x", false},
		{listed, "https://evil/a.host", "x", false},
		{listed, "https://evil?a.host", "x", false},
		{listed, "https://evil#a.host", "x", false},
		{listed, `https://evil\.a.host`, "x", false},
		{listed, "https://evil:1.host", "x", false},
		{listed, "https://u@a.host", "x", false},
		{listed, "https://evil a.host", "x", false},
		{listed, "https://[::1].host", "x", false},
		{listed, "https://evil, https://a.host", "x", false},
		{listed, "//a.host", "x", false},
		{listed, "a.host", "x", false},
		{listed, "https://a.port.example:8443", "x", true},
		{listed, "https://a.port.example", "x", false},
		{listed, "https://a.port.example:443", "x", false},
		{listed, "null", "x", false},
		{listed, "", "x", false},
		{nil, "https://here.example", "here.example", true},
		{nil, "https://here.example", "HERE.example", true},
		{nil, "https://here.example", "here.example:443", true},
		{nil, "http://here.example:80", "here.example", true},
		{nil, "http://here.example:8000", "here.example:8000", true},
		{nil, "http://[::1]:8000", "[::1]:8000", true},
		{nil, "http://here.example", "here.example:443", false},
		{nil, "http://here.example:8000", "here.example", false},
		{nil, "https://there.example", "here.example", false},
		{nil, "https://here.example.evil", "here.example", false},
		{nil, "ftp://here.example", "here.example", false},
		{nil, "null", "here.example", false},
		{nil, "null", "null", false},
		{nil, "", "here.example", false},
		{nil, "here.example", "here.example", false},
		{gateway.Origins{"*"}, "null", "x", true},
		{gateway.Origins{"*"}, "https://any", "x", true},
	} {
		if got := test.origins.Allow([]byte(test.origin), []byte(test.host)); got != test.allowed {
			t.Errorf("%v, origin %q at %s: %t", test.origins, test.origin, test.host, got)
		}
	}
	if !listed.Allow(nil, []byte("x")) {
		t.Error("no origin at all must pass")
	}
}

// TestOriginAtTheDoor: a refusal is 403 without a word, on a fresh connection and
// on a kept-alive one.
func TestOriginAtTheDoor(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, kind string) {
		o := gatewaytest.Options(kind)
		o.Config.HTTP.AllowedOrigins = []string{"https://example.com"}
		s := gatewaytest.Start(t, o)
		for _, origin := range []string{"https://evilexample.com", "https://example.com.evil", "null", ""} {
			for _, kept := range []bool{false, true} {
				c := gatewaytest.Dial(t, s.Addr())
				if kept {
					c.Raw([]byte("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n"))
					c.Response("GET")
				}
				c.Raw(gatewaytest.Handshake(socketPath, "Origin: "+origin))
				if status, _, body := c.Response("GET"); status != 403 || body != "" {
					t.Errorf("%q: status %d, %q", origin, status, body)
				}
				c.Close()
			}
		}
		c := gatewaytest.Connect(t, s.Addr(), socketPath, "Origin: https://example.com")
		c.Bye()
		gatewaytest.Connect(t, s.Addr(), socketPath).Bye()
		s.Empty(t)
	})
}
