package proxy_test

import (
	"net/netip"
	"testing"

	"go.uber.org/goleak"

	"throng/internal/proxy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func trusted(t testing.TB, list ...string) proxy.Trusted {
	t.Helper()
	tr, err := proxy.ParseTrusted(list)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// addr reads an address; "" is the one that is not valid.
func addr(s string) netip.Addr {
	if s == "" {
		return netip.Addr{}
	}
	return netip.MustParseAddr(s)
}
