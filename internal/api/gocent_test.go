package api_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/centrifugal/gocent/v3"

	"throng/internal/gateway/gatewaytest"
)

// The Go library for Centrifugo, as it is. It posts commands to /api itself.
func TestGocent(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, engine string) {
		w := start(t, engine, nil)
		ctx := t.Context()
		c := gocent.New(gocent.Config{Addr: w.url + "/api", Key: "dev", HTTPClient: w.client})
		must := func(what string, err error) {
			t.Helper()
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
		a := w.connect("a").join("hist:x")
		p, err := c.Publish(ctx, "hist:x", []byte(`{"n":1}`))
		must("publish", err)
		if p.Offset != 1 || p.Epoch == "" {
			t.Errorf("%+v", p)
		}
		a.Expect(`[null,null,"hist:x","message",{"n":1}]`)
		b, err := c.Broadcast(ctx, []string{"hist:x", "hist:y"}, []byte(`2`), gocent.WithSkipHistory(true))
		must("broadcast", err)
		if len(b.Responses) != 2 || b.Responses[0].Error != nil || b.Responses[1].Result == nil {
			t.Errorf("%+v", b)
		}
		a.Expect(`[null,null,"hist:x","message",2]`)
		must("subscribe", c.Subscribe(ctx, "room:x", "a", gocent.WithSubscribeInfo(json.RawMessage(`{"i":1}`))))
		who, err := c.Presence(ctx, "room:x")
		must("presence", err)
		if one := who.Presence[w.id("a")]; len(who.Presence) != 1 || one.User != "a" || string(one.ChanInfo) != `{"i":1}` {
			t.Errorf("%+v", who)
		}
		n, err := c.PresenceStats(ctx, "room:x")
		must("presence stats", err)
		if n.NumClients != 1 || n.NumUsers != 1 {
			t.Errorf("%+v", n)
		}
		h, err := c.History(ctx, "hist:x", gocent.WithLimit(gocent.NoLimit))
		must("history", err)
		if len(h.Publications) != 1 || string(h.Publications[0].Data) != `{"n":1}` || h.Offset != 1 || h.Epoch != p.Epoch {
			t.Errorf("%+v", h)
		}
		_, err = c.History(ctx, "hist:x", gocent.WithSince(&gocent.StreamPosition{Offset: 1, Epoch: "other"}))
		var coded *gocent.Error
		if !errors.As(err, &coded) || coded.Code != 112 {
			t.Errorf("since a foreign epoch: %v", err)
		}
		channels, err := c.Channels(ctx, gocent.WithPattern("hist:*"))
		must("channels", err)
		if _, there := channels.Channels["hist:x"]; !there || len(channels.Channels) != 1 {
			t.Errorf("%+v", channels)
		}
		must("history remove", c.HistoryRemove(ctx, "hist:x"))
		must("unsubscribe", c.Unsubscribe(ctx, "room:x", "a"))
		info, err := c.Info(ctx)
		must("info", err)
		if len(info.Nodes) != 1 || info.Nodes[0].NumClients != 1 {
			t.Errorf("%+v", info)
		}
		gocentPipe(t, c, a)
		must("disconnect", c.Disconnect(ctx, "a", gocent.WithDisconnectClient(w.id("a"))))
		if code, _ := a.CloseCode(); code != 1001 {
			t.Errorf("closed with %d", code)
		}
		bad := gocent.New(gocent.Config{Addr: w.url + "/api", Key: "wrong", HTTPClient: w.client})
		var status gocent.ErrStatusCode
		if _, err := bad.Info(ctx); !errors.As(err, &status) || status.Code != 401 {
			t.Errorf("a wrong key: %v", err)
		}
	})
}

// gocentPipe sends several commands in one request.
func gocentPipe(t *testing.T, c *gocent.Client, a *visitor) {
	t.Helper()
	pipe := c.Pipe()
	for _, data := range []string{`1`, ``, `2`} {
		if data == "" {
			_ = pipe.AddHistoryRemove("")
			continue
		}
		_ = pipe.AddPublish("hist:x", []byte(data))
	}
	replies, err := c.SendPipe(t.Context(), pipe)
	if err != nil || len(replies) != 3 || replies[0].Error != nil || replies[1].Error == nil || replies[1].Error.Code != 107 {
		t.Errorf("%v %+v", err, replies)
	}
	a.Expect(`[null,null,"hist:x","message",1]`)
	a.Expect(`[null,null,"hist:x","message",2]`)
}
