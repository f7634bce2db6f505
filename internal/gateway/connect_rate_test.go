package gateway_test

import (
	"net/http"
	"strconv"
	"testing"

	"throng/internal/gateway/gatewaytest"
)

// TestConnectRate: clients over the rate are refused with a time to come back, and
// by the code that says whose fault it is.
func TestConnectRate(t *testing.T) {
	for _, c := range []struct {
		name         string
		all, address int
		status       int
	}{
		{"in all", 3, 0, http.StatusServiceUnavailable},
		{"from one address", 0, 3, http.StatusTooManyRequests},
	} {
		t.Run(c.name, func(t *testing.T) {
			gatewaytest.EachFront(t, func(t *testing.T, kind string) {
				o := gatewaytest.Options(kind)
				o.Config.Limits.ConnectsPerSecond, o.Config.Limits.ConnectsPerMinutePerAddress = c.all, c.address
				s := gatewaytest.Start(t, o)
				statuses := make(map[int]int)
				for range 10 {
					cl := gatewaytest.Dial(t, s.Addr())
					cl.Raw(gatewaytest.Handshake(socketPath))
					status, h, _ := cl.Response("GET")
					statuses[status]++
					if status == c.status {
						if after, err := strconv.Atoi(h.Get("Retry-After")); err != nil || after < 1 || after > 60 {
							t.Errorf("Retry-After %q", h.Get("Retry-After"))
						}
					}
				}
				if statuses[101] < 3 || statuses[c.status] == 0 || statuses[101]+statuses[c.status] != 10 {
					t.Errorf("statuses %v", statuses)
				}
			})
		})
	}
}
