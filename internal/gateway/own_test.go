package gateway_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"throng"
	"throng/internal/gateway"
	"throng/internal/gateway/gatewaytest"
	"throng/test/tries"
)

// TestOwnChannel: a client is in its user's own channel from the beginning, on every
// wire, may join it with recovery, and nobody else's.
func TestOwnChannel(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		o := gatewaytest.Options(kind)
		o.Config.Users.State = "off"
		s := gatewaytest.Start(t, o)
		const target = "/socket/websocket?vsn=2.0.0&user_id="
		ann, bob, nobody := gatewaytest.Connect(t, s.Addr(), target+"ann"), gatewaytest.Connect(t, s.Addr(), target+"bob"), gatewaytest.Connect(t, s.Addr(), target)
		for _, c := range []*gatewaytest.Client{ann, bob, nobody} {
			c.Text(`[null,"1","phoenix","heartbeat",{}]`) // it is there
			c.Expect(`[null,"1","phoenix","phx_reply",{"status":"ok","response":{}}]`)
		}
		l := listen(t, s, "/events?user_id=ann") // no channel is named
		if b, _ := l.begins(); b.Channel != "@user:ann" || !b.Recoverable {
			t.Errorf("%+v", b)
		}
		at := publish(t, s, "@user:ann", "1")
		ann.Expect(`[null,null,"@user:ann","message",1]`)
		_, last := l.publication()
		l.Close()
		for _, c := range []*gatewaytest.Client{bob, nobody} {
			c.Text(`["1","1","@user:ann","phx_join",{}]`)
			c.Expect(`["1","1","@user:ann","phx_reply",{"status":"error","response":{"reason":"permission denied","code":103}}]`)
		}
		publish(t, s, "@user:ann", "2")
		ann.Expect(`[null,null,"@user:ann","message",2]`)
		l = listen(t, s, "/events?user_id=ann&last_event_id="+last)
		if b, _ := l.begins(); !b.Recovered || b.Offset != 2 {
			t.Errorf("%+v", b)
		}
		if p, _ := l.publication(); p.Data != 2.0 {
			t.Errorf("%+v", p)
		}
		// The join takes over: what was missed is in the answer, and each push comes once.
		ann.Text(fmt.Sprintf(`["1","1","@user:ann","phx_join",{"recover":{"offset":1,"epoch":%q}}]`, at.Epoch))
		if m := string(ann.Message().Data); !strings.Contains(m, `"recovered":true`) || !strings.Contains(m, `"offset":2`) || !strings.Contains(m, `"payload":2`) {
			t.Error(m)
		}
		publish(t, s, "@user:ann", "3")
		ann.Expect(`[null,3,"@user:ann","message",3]`)
		ann.Text(`["1","3","@user:ann","phx_leave",{}]`)
		ann.Expect(`["1","3","@user:ann","phx_reply",{"status":"ok","response":{}}]`)
	})
}

// TestOwnChannelAside: beside channels that a stream asks for, the user's own one is in no
// id, so that their events are everybody's; who names it can go on in it.
func TestOwnChannelAside(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		o := gatewaytest.Options(kind)
		o.Config.Users.State = "off"
		s := gatewaytest.Start(t, o)
		nobody, ann := listen(t, s, "/events?channel=hist:a"), listen(t, s, "/events?channel=hist:a&user_id=ann")
		nobody.begins()
		ann.begins()
		if b, id := ann.begins(); b.Channel != "@user:ann" || b.Recoverable || id != "" {
			t.Errorf("%+v %q", b, id)
		}
		publish(t, s, "@user:ann", "1")
		if p, id := ann.publication(); p.Channel != "@user:ann" || id != "" {
			t.Errorf("%+v %q", p, id)
		}
		publish(t, s, "hist:a", "2")
		_, all := nobody.publication()
		if _, id := ann.publication(); id != all || id == "" {
			t.Errorf("%q, another stream has %q", id, all)
		}
		publish(t, s, "hist:a", "3")
		ann = listen(t, s, "/events?channel=hist:a&channel=@user:ann&user_id=ann&last_event_id="+all)
		if b, _ := ann.begins(); !b.Recovered {
			t.Errorf("%+v", b)
		}
		_, _ = ann.publication()
		_, id := ann.begins()
		publish(t, s, "@user:ann", "4")
		ann = listen(t, s, "/events?channel=@user:ann&channel=hist:a&user_id=ann&last_event_id="+id)
		if b, _ := ann.begins(); b.Channel != "@user:ann" || !b.Recovered {
			t.Errorf("%+v", b)
		}
		if p, _ := ann.publication(); p.Data != 4.0 {
			t.Errorf("%+v", p)
		}
	})
}

// TestOwnChannelLater: who says later who it is has the own channel from then on. Who has
// left it is not put back by a newer token.
func TestOwnChannelLater(t *testing.T) {
	o := gatewaytest.Options("auto")
	o.Config.Users.State = "off"
	o.Config.Auth.HMACSecret, o.Config.Auth.Anonymous = hmacSecret, true
	o.Config.Phoenix.MaxChannels = 1 // the own one is not counted
	s := gatewaytest.Start(t, o)
	c := gatewaytest.Connect(t, s.Addr(), "/socket/websocket?vsn=2.0.0")
	c.Text(fmt.Sprintf(`[null,"1","phoenix","refresh",{"token":%q}]`, signed(`{"sub":"ann"}`)))
	c.Expect(`[null,"1","phoenix","phx_reply",{"status":"ok","response":{}}]`)
	publish(t, s, "@user:ann", "1")
	c.Expect(`[null,null,"@user:ann","message",1]`)
	c.Text(`["1","1","room:1","phx_join",{}]`)
	c.Expect(`["1","1","room:1","phx_reply",{"status":"ok","response":{}}]`)
	c.Text(`["2","2","room:2","phx_join",{}]`)
	c.Expect(`["2","2","room:2","phx_reply",{"status":"error","response":{"reason":"too many channels joined"}}]`)
	c.Text(`["3","3","@user:ann","phx_join",{}]`)
	c.Expect(`["3","3","@user:ann","phx_reply",{"status":"ok","response":{}}]`)
	c.Text(`["3","4","@user:ann","phx_leave",{}]`)
	c.Expect(`["3","4","@user:ann","phx_reply",{"status":"ok","response":{}}]`)
	c.Expect(`["3","3","@user:ann","phx_close",{}]`)
	c.Text(fmt.Sprintf(`[null,"5","phoenix","refresh",{"token":%q}]`, signed(`{"sub":"ann","jti":"newer"}`)))
	c.Expect(`[null,"5","phoenix","phx_reply",{"status":"ok","response":{}}]`)
	for ref := range 3 { // it has time to come back
		publish(t, s, "@user:ann", "2")
		c.Text(fmt.Sprintf(`[null,"%d","phoenix","heartbeat",{}]`, 6+ref))
		c.Expect(fmt.Sprintf(`[null,"%d","phoenix","phx_reply",{"status":"ok","response":{}}]`, 6+ref))
	}
}

// TestOwnChannelRefused: a join that is refused leaves the client what the server subscribed
// it to, and is not followed by the channel's end: phoenix.js would not join again.
func TestOwnChannelRefused(t *testing.T) {
	o := gatewaytest.Options("auto")
	o.Config.Users.State = "off"
	o.Authenticate = func(gateway.Credentials) (gateway.Verdict, gateway.Pending) {
		return gateway.Verdict{Identity: &throng.Identity{User: "ann", Channels: []throng.Grant{{Channel: "a"}}}}, nil
	}
	s := gatewaytest.Start(t, o)
	c := gatewaytest.Connect(t, s.Addr(), "/socket/websocket?vsn=2.0.0")
	for _, channel := range []string{"@user:ann", "a"} {
		c.Text(fmt.Sprintf(`["1","1",%q,"phx_join",{"recover":{"offset":1}}]`, channel))
		if m := string(c.Message().Data); !strings.Contains(m, `"code":107`) {
			t.Errorf("%s: %s", channel, m)
		}
		publish(t, s, channel, "1")
		c.Expect(fmt.Sprintf(`[null,null,%q,"message",1]`, channel))
		c.Text(fmt.Sprintf(`["1","2",%q,"phx_join",{}]`, channel))
		c.Expect(fmt.Sprintf(`["1","2",%q,"phx_reply",{"status":"ok","response":{}}]`, channel))
		c.Text(fmt.Sprintf(`["3","3",%q,"phx_join",{"recover":7}]`, channel)) // the client's own subscription ends with it
		if m := string(c.Message().Data); !strings.Contains(m, `"code":107`) {
			t.Errorf("%s: %s", channel, m)
		}
		c.Expect(fmt.Sprintf(`["1","1",%q,"phx_close",{}]`, channel))
	}
}

// TestOwnChannelAlone: a stream whose channels are refused, or have run out, is not kept
// for the own one.
func TestOwnChannelAlone(t *testing.T) {
	tries.Longer(t, 100*time.Millisecond, func(t testing.TB, unit time.Duration) {
		o := gatewaytest.Options("auto")
		o.Config.Users.State = "off"
		o.Authenticate = func(gateway.Credentials) (gateway.Verdict, gateway.Pending) {
			id := &throng.Identity{User: "ann", Channels: []throng.Grant{{Channel: "a", Expires: throng.NewClock().Now() + unit.Milliseconds()}}}
			return gateway.Verdict{Identity: id}, nil
		}
		s := gatewaytest.Start(t, o)
		l := listen(t, s, "/events")
		l.begins()
		l.begins()
		l.expect("unsubscribed")
		l.expect("disconnect")
		if c := get(t, s, "/events?channel=@user:bob"); c.head.StatusCode != 200 { // the token's channel is there
			t.Errorf("%+v", c.head)
		}
	})
	o := gatewaytest.Options("auto")
	o.Config.Users.State = "off"
	o.Authenticate = func(gateway.Credentials) (gateway.Verdict, gateway.Pending) {
		return gateway.Verdict{Identity: &throng.Identity{User: "ann"}}, nil
	}
	s := gatewaytest.Start(t, o)
	if c := get(t, s, "/events?channel=@user:bob"); c.head.StatusCode != 403 { // there is only the own one
		t.Errorf("%+v", c.head)
	}
}
