package crowd_test

import (
	"errors"
	"net/url"
	"testing"
	"time"

	"throng/internal/crowd"
	"throng/internal/server"
)

// Who is refused, or thrown out, knows what the server said, and is not counted as here.
func TestOutside(t *testing.T) {
	for name, test := range map[string]struct {
		set     map[string]string
		channel string
		want    crowd.Refusal
		cut     bool
	}{
		"too many from one address": {map[string]string{"limits.connects_per_minute_per_address": "2"}, server.DemoChannel, crowd.Refusal{Status: 429, Reason: "the server refused"}, false},
		"too many at once":          {map[string]string{"limits.connects_per_second": "1"}, server.DemoChannel, crowd.Refusal{Status: 503, Reason: "the server refused"}, false},
		"no token":                  {map[string]string{"auth.hmac_secret": "01234567890123456789012345678901"}, server.DemoChannel, crowd.Refusal{Status: 403, Reason: "the server refused"}, false},
		"somebody's own channel":    {nil, "@user:somebody", crowd.Refusal{Code: 103, Reason: "permission denied"}, false},
		"it talks too much":         {map[string]string{"limits.messages_per_second": "10"}, server.DemoChannel, crowd.Refusal{Code: 3013, Joined: true, Reason: "too many requests"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, target := demo(t, test.set)
			c, _ := gather(t, crowd.Options{Target: target, People: 8, Channel: test.channel, Arrivals: 100, Talk: time.Millisecond, Away: time.Millisecond})
			f := &c.Figures
			var no *crowd.Refusal
			until(t, "the reason is known", f, func() bool {
				_, why := c.Outside()
				return errors.As(why, &no)
			})
			if *no != test.want || no.Error() == "" {
				t.Errorf("%+v, want %+v", no, test.want)
			}
			if cut := f.Cut.Load() > 0; cut != test.cut || cut == (f.Refused.Load() > 0) {
				t.Errorf("%d were cut off, %d refused", f.Cut.Load(), f.Refused.Load())
			}
		})
	}
}

// The row begins anew when somebody gets in.
func TestOutsideInARow(t *testing.T) {
	_, target := demo(t, map[string]string{"limits.connects_per_minute_per_address": "3"})
	c, end := gather(t, crowd.Options{Target: target, People: 10, Channel: server.DemoChannel, Arrivals: 200, Away: time.Millisecond})
	until(t, "three are here", &c.Figures, func() bool { return c.Figures.Here.Load() == 3 })
	until(t, "ten in a row stay outside", &c.Figures, func() bool { n, _ := c.Outside(); return n >= 10 })
	end()
	if in, left := c.Figures.Came.Load(), c.Figures.Left.Load(); in != 3 || left != 3 {
		t.Errorf("%d came, %d left", in, left)
	}

	nobody := &url.URL{Scheme: "ws", Host: "127.0.0.1:1", Path: "/socket"}
	lost, _ := gather(t, crowd.Options{Target: nobody, People: 5, Channel: server.DemoChannel, Arrivals: 100, Away: time.Millisecond})
	until(t, "nobody is there", &lost.Figures, func() bool {
		n, why := lost.Outside()
		return n >= 3 && why != nil && !errors.As(why, new(*crowd.Refusal))
	})
}
