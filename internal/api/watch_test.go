//go:build !nosqlite

package api_test

import (
	"strings"
	"testing"
	"time"

	"throng/internal/config"
	"throng/internal/gateway/gatewaytest"
)

// TestWatch: a backend says what a user's clients show, as they can by themselves.
func TestWatch(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, engine string) {
		w := start(t, engine, func(c *config.Config) {
			c.Store.Kind, c.Visits.Beat, c.Visits.Grace = "sqlite", 100*time.Millisecond, 0
			c.Namespaces = append(c.Namespaces, config.Namespace{Name: "show", Subscribe: "anybody", Watch: "exclusive", SlowPolicy: "disconnect"})
		})
		online := func(want string) {
			t.Helper()
			w.eventually("the books say "+want, func() bool {
				answer := w.post("visits_online", `{"channel":"show:1","kind":"watching","count":true}`)
				return strings.Contains(string(answer), want)
			})
		}
		w.connect("a").join("show:1")
		w.connect("a").join("show:1", "room:x")
		w.connect("b").join("show:1")
		w.connect("").join("show:1")
		w.want("watch", `{"user":"a","channel":"show:1"}`, `{"connections":2}`)
		online(`"total":1`)
		w.want("watch", `{"user":"b","channel":"show:1","visible":true}`, `{"connections":1}`)
		online(`"total":2`)
		w.want("watch", `{"user":"a","channel":"show:1","playing":false}`, `{"connections":2}`)
		online(`"total":1`)
		w.want("watch", `{"user":"a","channel":"show:2"}`, `{"connections":0}`)
		w.want("watch", `{"user":"nobody","channel":"show:1"}`, `{"connections":0}`)
		w.refused("watch", `{"user":"a","channel":"room:x"}`, 108, "not available")
		w.refused("watch", `{"user":"a"}`, 107, "channel: a name is needed")
		w.refused("watch", `{"channel":"show:1"}`, 107, "user: a user is needed")
		w.refused("watch", `{"user":"a","channel":"show:1","visible":"yes"}`, 107, "visible")
	})
}
