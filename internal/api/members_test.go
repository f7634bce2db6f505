package api_test

import (
	"fmt"
	"testing"

	"throng/internal/gateway/gatewaytest"
)

type membersPage struct {
	Members []struct {
		Key, User, Client string
		Since             int64
		Connections       int
		Meta              map[string]any
	}
	Next string
}

// Members come in pages, with what presence knows of each; the count is at hand.
func TestMembers(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, engine string) {
		w := start(t, engine, nil)
		for i := range 25 {
			w.connect(fmt.Sprint("u", i)).join("presence:x")
		}
		w.connect("u3").join("presence:x")
		w.connect("").join("presence:x")
		w.want("presence_stats", `{"channel":"presence:x"}`, `{"num_clients":27,"num_users":26}`)
		w.want("presence_stats", `{"channel":"presence:nobody"}`, `{"num_clients":0,"num_users":0}`)
		seen, cursor := map[string]int{}, ""
		for pages := 0; pages == 0 || cursor != ""; pages++ {
			p := result[membersPage](w, "presence_members", fmt.Sprintf(`{"channel":"presence:x","limit":10,"cursor":%q}`, cursor))
			for _, m := range p.Members {
				seen[m.Key] += m.Connections
				if m.Since == 0 || m.Meta["phx_ref"] == nil || m.User == "" && m.Client != m.Key || len(p.Members) > 10 {
					t.Errorf("%+v", m)
				}
			}
			cursor = p.Next
		}
		if len(seen) != 26 || seen["u3"] != 2 || seen["u24"] != 1 {
			t.Errorf("%v", seen)
		}
		if p := result[membersPage](w, "presence_members", `{"channel":"presence:x","prefix":"u1"}`); len(p.Members) != 11 {
			t.Errorf("%d begin with u1", len(p.Members))
		}
		w.refused("presence_members", `{"channel":"room:x"}`, 108, "no presence")
		w.refused("presence_members", `{"channel":"presence:x","limit":1001}`, 107, "limit")
		w.refused("presence_members", `{"channel":"presence:x","cursor":"!"}`, 107, "cursor")
		w.refused("presence_members", `{"channel":"presence:x","cursor":"eA"}`, 107, "cursor")
	})
}
