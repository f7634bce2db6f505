package proxies

import (
	"strings"
	"testing"

	"throng/test/process"
)

// way is one of the configurations of deploy/, with a throng behind it.
type way struct {
	name  string
	serve func(t *testing.T, binary string, args ...string) (*process.Server, backend)
	front func(t *testing.T, b backend) *front
}

func ways() []way {
	return []way{
		{"nginx", onTCP, nginx},
		{"haproxy", onTCP, func(t *testing.T, b backend) *front { return haproxy(t, "haproxy.cfg", b) }},
		{"haproxy-tcp", onSocket, func(t *testing.T, b backend) *front { return haproxy(t, "haproxy-tcp.cfg", b) }},
	}
}

// TestClients runs the npm clients through each proxy: on WebSockets with and
// without TLS, on long-poll, and what listens to streams of events.
func TestClients(t *testing.T) {
	binary := process.Build(t, "./cmd/throng")
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			// The long-poll script lets windows pass.
			s, b := w.serve(t, binary, "--set", "phoenix.longpoll_window=5s")
			f := w.front(t, b)
			t.Run("at once", func(t *testing.T) {
				for name, run := range map[string][2]string{
					"ws":       {"http://" + f.plain, "../chat.mjs"},
					"wss":      {"https://" + f.tls, "../chat.mjs"},
					"longpoll": {"https://" + f.tls, "../longpoll.mjs"},
					"events":   {"https://" + f.tls, "../events.mjs"},
				} {
					t.Run(name, func(t *testing.T) {
						t.Parallel()
						runNode(t, f, run[0], run[1], nil)
					})
				}
			})
			// Proxies may keep connections for the next long-poll.
			waitFor(t, "no client is left", func() bool { return metric(t, s, "throng_subscriptions") == 0 })
		})
	}
}

// TestProxyDies: what a dying proxy cuts is given back at once, and clients come
// back through its successor.
func TestProxyDies(t *testing.T) {
	binary := process.Build(t, "./cmd/throng")
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			s, b := w.serve(t, binary)
			f := w.front(t, b)
			// The store is opened while clients come already.
			waitFor(t, "the store is open", func() bool { return strings.Contains(s.Log(), "visits are recorded") })
			descriptors := metric(t, s, "throng_descriptors")
			cuts := 0
			runNode(t, f, "https://"+f.tls, "cut.mjs", func() {
				if n := open(t, s); n != 3 {
					t.Errorf("%v WebSockets before the cut", n)
				}
				f.kill()
				waitFor(t, "the cut WebSockets are gone", func() bool { return open(t, s) == 0 })
				f.start(t)
				cuts++
			})
			if cuts != 1 {
				t.Errorf("cut %d times", cuts)
			}
			waitFor(t, "nothing is left", func() bool {
				return open(t, s) == 0 && metric(t, s, "throng_connections") == 0 &&
					metric(t, s, "throng_subscriptions") == 0 && metric(t, s, "throng_descriptors") <= descriptors
			})
		})
	}
}
