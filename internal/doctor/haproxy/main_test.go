package haproxy_test

import (
	"testing"

	"go.uber.org/goleak"

	"throng/internal/doctor/haproxy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func parse(t *testing.T, text string) *haproxy.Config {
	t.Helper()
	c, err := haproxy.Parse("h.cfg", text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
