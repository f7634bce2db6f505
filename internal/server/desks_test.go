package server_test

import (
	"fmt"
	"strings"
	"testing"

	"throng/internal/gateway/gatewaytest"
)

// TestReservedEvents: what is the server's is so where it is off, too, and in channels in
// which clients may say anything: nobody is shown it as if it came from the server.
func TestReservedEvents(t *testing.T) {
	o := gatewaytest.Options("auto")
	o.Config.Users.State, o.Config.Store.Kind = "off", "off"
	s := gatewaytest.Start(t, o)
	var tabs []*gatewaytest.Client
	for range 2 {
		c := gatewaytest.Connect(t, s.Addr(), "/socket/websocket?vsn=2.0.0")
		c.Text(`["1","1","room:1","phx_join",{}]`)
		c.Expect(`["1","1","room:1","phx_reply",{"status":"ok","response":{}}]`)
		tabs = append(tabs, c)
	}
	for event, want := range map[string]string{
		"state_diff": `"code":108,"hint":"users.state is off"}`, "state_get": `"code":108,"hint":"users.state is off"}`,
		"bonus_claim": `"code":108}`, "bonus_offer": `"code":104}`,
	} {
		tabs[0].Text(fmt.Sprintf(`["1","2","room:1",%q,{"id":"b"}]`, event))
		if m := string(tabs[0].Message().Data); !strings.Contains(m, want) || !strings.Contains(m, `"status":"error"`) {
			t.Errorf("%s: %s", event, m)
		}
	}
	tabs[0].Text(`["1","3","room:1","said",{}]`)
	tabs[1].Expect(`[null,null,"room:1","said",{}]`)
}
