package proxy_test

import (
	"strings"
	"testing"

	"throng/internal/proxy"
)

func TestTrustedContains(t *testing.T) {
	tests := []struct {
		list string
		addr string
		want bool
	}{
		{"", "127.0.0.1", false},
		{"", "", false},
		{"unix", "", true},
		{"unix", "127.0.0.1", false},
		{"10.0.0.0/8", "", false},
		{"10.0.0.0/8", "10.255.255.255", true},
		{"10.0.0.0/8", "11.0.0.0", false},
		{"10.0.0.0/8", "::ffff:10.1.2.3", true},
		{"10.0.0.0/8 unix 192.0.2.1", "192.0.2.1", true},
		{"192.0.2.1", "192.0.2.2", false},
		{"::1", "::1", true},
		{"::1", "::2", false},
		{"fe80::/10", "fe80::1%eth0", true},
		{"2001:db8::/32", "2001:db9::1", false},
		{"::/0", "192.0.2.1", false},
		{"0.0.0.0/0", "192.0.2.1", true},
		{"0.0.0.0/0", "2001:db8::1", false},
		{"::ffff:192.0.2.1", "192.0.2.1", true},
		{"::ffff:10.0.0.0/104", "10.9.9.9", true},
		{"::ffff:10.0.0.0/104", "11.9.9.9", false},
	}
	for _, tt := range tests {
		tr := trusted(t, strings.Fields(tt.list)...)
		if got := tr.Contains(addr(tt.addr)); got != tt.want {
			t.Errorf("%q contains %q: %v", tt.list, tt.addr, got)
		}
		if got, want := tr.Any(), tt.list != ""; got != want {
			t.Errorf("%q trusts anybody: %v", tt.list, got)
		}
	}
}

func TestParseTrustedRefuses(t *testing.T) {
	tests := []struct{ entry, names, says string }{
		{"", `""`, `write "10.0.0.0/8"`},
		{"localhost", `"localhost"`, `write "10.0.0.0/8"`},
		{"10.0.0.0/33", `"10.0.0.0/33"`, `write "10.0.0.0/8"`},
		{"fe80::1%eth0", `"fe80::1%eth0"`, `write "10.0.0.0/8"`},
		{"unix:/run/throng.sock", `"unix:/run/throng.sock"`, `"unix"`},
		{"10.1.2.3/8", `"10.1.2.3/8"`, `write "10.0.0.0/8"`},
		{"2001:db8::1/32", `"2001:db8::1/32"`, `write "2001:db8::/32"`},
	}
	for _, tt := range tests {
		tr, err := proxy.ParseTrusted([]string{"127.0.0.1", tt.entry})
		if err == nil {
			t.Errorf("%q was accepted", tt.entry)
			continue
		}
		if tr.Any() {
			t.Errorf("%q: an error, and somebody is trusted", tt.entry)
		}
		for _, want := range []string{tt.names, tt.says} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q: %v: no %s in it", tt.entry, err, want)
			}
		}
	}
}
