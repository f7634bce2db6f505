package gateway_test

import (
	"net/http"
	"strconv"
	"testing"
	"time"

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
		{"in all", 2, 0, http.StatusServiceUnavailable},
		{"from one address", 0, 3, http.StatusTooManyRequests},
	} {
		t.Run(c.name, func(t *testing.T) {
			gatewaytest.EachFront(t, func(t *testing.T, kind string) {
				o := gatewaytest.Options(kind)
				o.Config.Limits.ConnectsPerSecond, o.Config.Limits.ConnectsPerMinutePerAddress = c.all, c.address
				s := gatewaytest.Start(t, o)
				statuses := make(map[int]int)
				// At least ten, and as many as it takes to be over the rate.
				for n, end := 0, time.Now().Add(20*time.Second); n < 10 || statuses[c.status] == 0 && time.Now().Before(end); n++ {
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
				if statuses[101] < max(c.all, c.address) || statuses[c.status] == 0 || len(statuses) != 2 {
					t.Errorf("statuses %v", statuses)
				}
			})
		})
	}
}
