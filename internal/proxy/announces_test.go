package proxy_test

import (
	"testing"

	"throng/internal/proxy"
)

// TestAnnounces: what only begins like a header may still be something else.
func TestAnnounces(t *testing.T) {
	for b, want := range map[string]bool{
		"": false, "P": false, "PROXY": false, "PROXY ": true, "PROXY TCP4 ": true, "POST / ": false,
		"\r\n": false, "\r\n\r\n\x00\r\nQUIT": false, "\r\n\r\n\x00\r\nQUIT\n": true, "\x16\x03\x01": false,
	} {
		if got := proxy.Announces([]byte(b)); got != want {
			t.Errorf("%q: %v", b, got)
		}
		if want && !proxy.Begins([]byte(b)) {
			t.Errorf("%q announces and does not begin", b)
		}
	}
}
