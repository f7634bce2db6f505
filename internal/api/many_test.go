package api_test

import (
	"fmt"
	"testing"

	"throng/internal/config"
	"throng/internal/gateway/gatewaytest"
)

// A user with more connections on a loop than one task lists is found among all: each
// connection once, and nobody else's.
func TestUserOfMany(t *testing.T) {
	const many, others = 1_100, 50 // census.fewOfUser is 1,024
	gatewaytest.EachEngine(t, func(t *testing.T, engine string) {
		w := start(t, engine, func(c *config.Config) { c.Engine.Loops = 1 })
		all := make([]*visitor, 0, many)
		for i := range many {
			if i%(many/others) == 0 {
				w.connect("bob")
			}
			all = append(all, w.connect("ann"))
		}
		list := func() map[string]bool {
			t.Helper()
			seen, cursor := map[string]bool{}, ""
			for pages := 0; pages == 0 || cursor != ""; pages++ {
				p := result[connections](w, "connections", fmt.Sprintf(`{"user":"ann","limit":300,"cursor":%q}`, cursor))
				for _, one := range p.Connections {
					if seen[one.Client] || one.User != "ann" || len(p.Connections) > 300 {
						t.Fatalf("%s of %s came twice, or is not ann's, or the page is too large: %d", one.Client, one.User, len(p.Connections))
					}
					seen[one.Client] = true
				}
				cursor = p.Next
			}
			return seen
		}
		if n := len(list()); n != many {
			t.Errorf("%d connections are listed", n)
		}
		w.want("subscribe", `{"user":"ann","channel":"room:x"}`, fmt.Sprintf(`{"connections":%d}`, many))
		w.want("presence_stats", `{"channel":"room:x"}`, fmt.Sprintf(`{"num_clients":%d,"num_users":1}`, many))
		for _, v := range all[:many/2] { // from now on they are few
			_ = v.Close()
		}
		w.eventually("half are gone", func() bool { return len(list()) == many-many/2 })
		w.want("disconnect", `{"user":"ann"}`, fmt.Sprintf(`{"connections":%d}`, many-many/2))
		w.eventually("only bob is left", func() bool {
			return len(list()) == 0 && len(result[connections](w, "connections", `{"limit":100}`).Connections) == others
		})
	})
}
