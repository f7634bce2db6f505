//go:build !nosqlite

package server_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"throng"
	"throng/internal/config"
	"throng/internal/gateway/gatewaytest"
	"throng/internal/websocket"
)

// bonusServer is a development server with a store in a file.
func bonusServer(t *testing.T, engine string) *gatewaytest.Server {
	o := gatewaytest.Options(engine)
	o.Config.Store.Kind, o.Config.Store.File = "sqlite", filepath.Join(t.TempDir(), "throng.db")
	o.Config.Internal = "127.0.0.1:0"
	return gatewaytest.Start(t, o)
}

// screen is a tab of a user in a channel, and in the user's own.
type screen struct {
	*gatewaytest.Client
	t     *testing.T
	other [][]json.RawMessage // came, not yet asked for
}

func openScreen(t *testing.T, s *gatewaytest.Server, user, channel string) *screen {
	t.Helper()
	c := &screen{Client: gatewaytest.Connect(t, s.Addr(), "/socket/websocket?vsn=2.0.0&user_id="+user), t: t}
	c.Text(fmt.Sprintf(`["1","1",%q,"phx_join",{}]`, channel))
	c.next("phx_reply")
	return c
}

// next returns the payload of the next message with an event. Those with others wait:
// what comes of different channels has no order.
func (c *screen) next(event string) string {
	c.t.Helper()
	is := func(m []json.RawMessage) bool { return string(m[3]) == `"`+event+`"` }
	if i := slices.IndexFunc(c.other, is); i >= 0 {
		m := c.other[i]
		c.other = slices.Delete(c.other, i, i+1)
		return string(m[4])
	}
	for {
		var m []json.RawMessage
		text := c.Message().Data
		if json.Unmarshal(text, &m) != nil || len(m) < 5 {
			c.t.Fatalf("not a message: %s", text)
		}
		if is(m) {
			return string(m[4])
		}
		c.other = append(c.other, m)
	}
}

// ask sends an event to the channel and returns the reply.
func (c *screen) ask(channel, event, payload string) string {
	c.t.Helper()
	c.Text(fmt.Sprintf(`["1","2",%q,%q,%s]`, channel, event, payload))
	return c.next("phx_reply")
}

// TestBonus: an offer reaches everybody in the channel, a claim on one tab turns the
// other one too, and who is too late reads so.
func TestBonus(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, engine string) {
		s := bonusServer(t, engine)
		one, two := openScreen(t, s, "ann", "room:1"), openScreen(t, s, "ann", "room:1")
		bob := openScreen(t, s, "bob", "room:1")
		b, err := s.Bonuses().Create(t.Context(), throng.Bonus{
			ID: "b", Data: []byte(`{"text":"hello"}`), Quota: 1, Deadline: time.Now().UnixMilli() + 60_000, Audience: throng.Audience{Channel: "room:1"},
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []*screen{one, two, bob} {
			if p := c.next("bonus_offer"); !strings.HasPrefix(p, fmt.Sprintf(`{"id":"b","data":{"text":"hello"},"quota":1,"starts_at":%d,"deadline":%d,"time":`, b.CreatedAt, b.Deadline)) {
				t.Error(p)
			}
		}
		if r := bob.ask("room:1", "bonus_list", "{}"); !strings.Contains(r, `"bonuses":[{"id":"b",`) || strings.Contains(r, "mine") {
			t.Error(r)
		}
		if r := one.ask("room:1", "bonus_claim", `{"id":"b","claim_id":"c1"}`); !strings.Contains(r, `"status":"ok"`) || !strings.Contains(r, `"result":"won","place":1,"at":`) {
			t.Error(r)
		}
		for _, c := range []*screen{one, two} {
			if p := c.next("bonus_result"); !strings.HasPrefix(p, `{"id":"b","result":"won","place":1,"at":`) {
				t.Error(p)
			}
		}
		for _, c := range []*screen{one, two, bob} {
			if p := c.next("bonus_end"); p != `{"id":"b","reason":"exhausted","claimed":1}` {
				t.Error(p)
			}
		}
		if r := bob.ask("room:1", "bonus_claim", `{"id":"b"}`); !strings.Contains(r, `"result":"exhausted"`) {
			t.Error(r)
		}
		if r := two.ask("room:1", "bonus_claim", `{"id":"b"}`); !strings.Contains(r, `"result":"already","place":1`) {
			t.Error(r)
		}
		if r := bob.ask("room:1", "bonus_claim", `{"id":"none"}`); !strings.Contains(r, `{"status":"error","response":{"reason":"unknown bonus","code":102}}`) {
			t.Error(r)
		}
	})
}

// TestBonusAudience: who was here at the moment, and who watched long enough, as the
// books of visits have it, whatever the store's clock says when the node's says something
// else.
func TestBonusAudience(t *testing.T) {
	for _, ahead := range []time.Duration{0, time.Hour, -time.Hour} {
		t.Run(ahead.String(), func(t *testing.T) { testBonusAudience(t, ahead) })
	}
}

func testBonusAudience(t *testing.T, ahead time.Duration) {
	t.Parallel()
	o := gatewaytest.Options("goroutine")
	o.Config.Store.Kind, o.Config.Store.File = "sqlite", filepath.Join(t.TempDir(), "throng.db")
	o.Config.Namespaces = append(o.Config.Namespaces, config.Namespace{
		Name: "show", Subscribe: "anybody", Publish: "nobody", ClientEvents: "deny", Visits: true, Watch: "exclusive", Presence: "off", PresenceList: 200, SlowPolicy: "disconnect",
	})
	o.Clock = throng.NewClockAt(time.Now().Add(ahead))
	s := gatewaytest.Start(t, o)
	ann := openScreen(t, s, "ann", "show:1")
	if r := ann.ask("show:1", "watch", `{"visible":true,"playing":true}`); !strings.Contains(r, `"ok"`) {
		t.Fatal(r)
	}
	time.Sleep(20 * time.Millisecond)
	now := o.Clock.Now()
	for id, a := range map[string]throng.Audience{
		"here":  {Channel: "show:1", PresentAt: now},
		"watch": {Channel: "show:1", MinWatched: 500, WatchedSince: now - 10_000},
	} {
		if _, err := s.Bonuses().Create(t.Context(), throng.Bonus{ID: id, Deadline: now + 60_000, Audience: a}); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(20 * time.Millisecond)
	bob := openScreen(t, s, "bob", "show:1")
	want := func(c *screen, id, result string) {
		t.Helper()
		if r := c.ask("show:1", "bonus_claim", fmt.Sprintf(`{"id":%q}`, id)); !strings.Contains(r, fmt.Sprintf(`"result":%q`, result)) {
			t.Errorf("%s: %s", id, r)
		}
	}
	want(ann, "here", "won")
	want(bob, "here", "not_for_you")
	want(bob, "watch", "not_for_you")
	time.Sleep(800 * time.Millisecond)
	want(ann, "watch", "won")
	want(bob, "watch", "not_for_you")
}

// TestThousandsAtOnce: 10,000 claims of one user, from 20 tabs at once, are one row, and
// each is answered.
func TestThousandsAtOnce(t *testing.T) {
	const tabs, each = 20, 500
	s := bonusServer(t, "")
	if _, err := s.Bonuses().Create(t.Context(), throng.Bonus{ID: "b", Quota: 10, Deadline: time.Now().UnixMilli() + 60_000, Audience: throng.Audience{Channel: "room:1"}}); err != nil {
		t.Fatal(err)
	}
	all := make([]*screen, tabs)
	for i := range all {
		all[i] = openScreen(t, s, "ann", "room:1")
	}
	claim := []byte(`["1","2","room:1","bonus_claim",{"id":"b","claim_id":"c"}]`)
	for _, c := range all {
		var burst []byte
		for range each {
			burst = append(burst, c.Frame(websocket.OpText, claim)...)
		}
		c.Raw(burst)
	}
	for _, c := range all {
		for range each {
			if p := c.next("phx_reply"); !strings.Contains(p, `"result":"won","place":1,`) {
				t.Fatal(p)
			}
		}
	}
	list, _, err := s.Bonuses().Claims(t.Context(), throng.ClaimFilter{Bonus: "b"}, throng.Page{Limit: 10})
	if err != nil || len(list) != 1 {
		t.Errorf("%+v %v", list, err)
	}
}
