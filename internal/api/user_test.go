package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"throng/internal/gateway/gatewaytest"
	"throng/test/tries"
)

func TestSubscribe(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, engine string) {
		w := start(t, engine, nil)
		a, b, c := w.connect("a"), w.connect("a"), w.connect("b")
		for _, v := range []*visitor{a, b, c} {
			v.sync()
		}
		w.want("subscribe", `{"user":"a","channel":"room:x","info":{"role":"guest"}}`, `{"connections":2}`)
		w.want("subscribe", `{"user":"a","channel":"room:x"}`, `{"connections":2}`) // they stay as they are
		w.want("publish", `{"channel":"room:x","data":1}`, `{"offset":0,"epoch":"","connections":2}`)
		for _, v := range []*visitor{a, b} {
			v.Expect(`[null,null,"room:x","message",1]`)
		}
		c.sync()
		p := result[presence](w, "presence", `{"channel":"room:x"}`).Presence
		for _, one := range p {
			if one.User != "a" || string(one.Chan_info) != `{"role":"guest"}` {
				t.Errorf("%+v", one)
			}
		}
		w.want("unsubscribe", `{"user":"a","channel":"room:x"}`, `{"connections":2}`)
		w.want("unsubscribe", `{"user":"a","channel":"room:x"}`, `{"connections":0}`)
		w.want("publish", `{"channel":"room:x","data":2}`, `{"offset":0,"epoch":"","connections":0}`)
		a.sync()
		w.want("subscribe", `{"user":"nobody","channel":"room:x"}`, `{"connections":0}`)
		w.want("subscribe", fmt.Sprintf(`{"client":%q,"channel":"room:y"}`, w.id("b")), `{"connections":1}`)
		w.want("publish", `{"channel":"room:y","data":3}`, `{"offset":0,"epoch":"","connections":1}`)
		c.Expect(`[null,null,"room:y","message",3]`)
	})
}

// A subscription ends at its time.
func TestSubscribeExpires(t *testing.T) {
	tries.Longer(t, 500*time.Millisecond, func(t testing.TB, unit time.Duration) {
		w := start(t, "", nil)
		a := w.connect("a")
		a.sync()
		at := soon(unit)
		w.want("subscribe", fmt.Sprintf(`{"user":"a","channel":"room:x","expire_at":%d}`, at), `{"connections":1}`)
		w.want("presence_stats", `{"channel":"room:x"}`, `{"num_clients":1,"num_users":1}`)
		w.eventually("the subscription ends", func() bool {
			return result[struct{ Num_clients int }](w, "presence_stats", `{"channel":"room:x"}`).Num_clients == 0
		})
		if early := time.Until(time.Unix(at, 0)); early > 0 {
			t.Errorf("%v too early", early)
		}
	})
}

// soon is the first whole second that is so far away.
func soon(after time.Duration) int64 { return time.Now().Add(after + time.Second - 1).Unix() }

func TestUnsubscribe(t *testing.T) {
	w := start(t, "", nil)
	a := w.connect("a").join("room:x", "room:y")
	w.want("unsubscribe", `{"user":"a","channel":"room:x"}`, `{"connections":1}`)
	a.Expect(`["1","1","room:x","phx_close",{}]`)
	w.want("publish", `{"channel":"room:y","data":1}`, `{"offset":0,"epoch":"","connections":1}`)
	a.Expect(`[null,null,"room:y","message",1]`)
}

func TestDisconnect(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, engine string) {
		w := start(t, engine, nil)
		code := func(v *visitor, want uint16, reason string) {
			t.Helper()
			if got, why := v.CloseCode(); got != want || why != reason {
				t.Errorf("closed with %d %s, want %d %s", got, why, want, reason)
			}
		}
		a, b := w.connect("a").join("room:x"), w.connect("b").join("room:x")
		w.want("disconnect", `{"user":"a"}`, `{"connections":1}`)
		code(a, 1001, "force disconnect")
		w.want("disconnect", fmt.Sprintf(`{"client":%q,"disconnect":{"code":4321,"reason":"out"}}`, w.id("b")), `{"connections":1}`)
		code(b, 4321, "out")
		w.eventually("nobody is there", func() bool { return len(result[presence](w, "presence", `{"channel":"room:x"}`).Presence) == 0 })

		first := w.connect("c").join("room:x")
		kept := w.id("c")
		others := []*visitor{w.connect("c").join("room:x"), w.connect("c").join("room:x")}
		w.want("disconnect", fmt.Sprintf(`{"user":"c","whitelist":[%q]}`, kept), `{"connections":2}`)
		for _, v := range others {
			code(v, 1001, "force disconnect")
		}
		first.sync()
		w.want("disconnect", fmt.Sprintf(`{"user":"somebody","client":%q}`, kept), `{"connections":0}`)
		w.want("disconnect", fmt.Sprintf(`{"client":%q}`, strings.Repeat("0f", 16)), `{"connections":0}`)
		first.sync()
	})
}

// A user with more connections than one task takes.
func TestDisconnectMany(t *testing.T) {
	w := start(t, "", nil)
	const many = 600
	for range many {
		w.connect("a")
	}
	w.eventually("all are there", func() bool { return w.server.Engine().Connections() >= many })
	n := 0
	w.eventually("all are disconnected", func() bool {
		n += result[struct{ Connections int }](w, "disconnect", `{"user":"a"}`).Connections
		return n == many
	})
}

func TestRefresh(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, engine string) {
		tries.Longer(t, 200*time.Millisecond, func(t testing.TB, unit time.Duration) { refreshed(t, engine, unit) })
	})
}

func refreshed(t testing.TB, engine string, unit time.Duration) {
	w := start(t, engine, nil)
	a, b := w.connect("a").join("room:x"), w.connect("b").join("room:x")
	w.want("refresh", `{"user":"b","expired":true}`, `{"connections":1}`)
	if code, _ := b.CloseCode(); code != 3005 {
		t.Errorf("closed with %d", code)
	}
	at := soon(unit)
	w.want("refresh", fmt.Sprintf(`{"user":"a","expire_at":%d,"info":{"n":1}}`, at), `{"connections":1}`)
	list := result[connections](w, "connections", `{"user":"a"}`).Connections
	if len(list) != 1 || list[0].Expire_at != at {
		t.Errorf("%+v", list)
	}
	for _, one := range result[presence](w, "presence", `{"channel":"room:x"}`).Presence {
		if string(one.Conn_info) != `{"n":1}` {
			t.Errorf("info %s", one.Conn_info)
		}
	}
	if code, _ := a.CloseCode(); code != 3005 {
		t.Errorf("closed with %d", code)
	}
	if early := time.Until(time.Unix(at, 0)); early > 0 {
		t.Errorf("%v too early", early)
	}
}

func TestUsersRefused(t *testing.T) {
	w := start(t, "", nil)
	for _, method := range []string{"subscribe", "unsubscribe", "disconnect", "refresh"} {
		w.refused(method, `{"channel":"room:x"}`, 107, "user: a user is needed")
		w.refused(method, `{"client":"x","channel":"room:x"}`, 107, "client: a client's id has 32")
		w.refused(method, `{"user":"a","channel":"room:x","session":"s"}`, 108, "session")
		w.refused(method, `{"user":1}`, 107, "user: a number does not fit")
	}
	for body, want := range map[string]string{
		`{"user":"a"}`:                                              "channel: a name is needed",
		`{"user":"a","channel":"@a"}`:                               "@",
		`{"user":"a","channel":"room:x","expire_at":5}`:             "expire_at: it is over",
		`{"user":"a","channel":"room:x","expire_at":-5}`:            "expire_at: seconds",
		`{"user":"a","channel":"room:x","expire_at":1700000000000}`: "expire_at: seconds",
		`{"user":"a","channel":"room:x","b64info":"AAAA"}`:          "b64info",
	} {
		w.refused("subscribe", body, 107, want)
	}
	w.refused("subscribe", `{"user":"a","channel":"room:x","recover_since":{"offset":1,"epoch":"x"}}`, 108, "recover_since")
	w.refused("subscribe", `{"user":"a","channel":"room:x","override":{"presence":{"value":true}}}`, 108, "override")
	for body, want := range map[string]string{
		`{"user":"a","disconnect":{"code":1000,"reason":"x"}}`:                                "disconnect.code",
		`{"user":"a","disconnect":{"code":65536000}}`:                                         "disconnect.code",
		`{"user":"a","disconnect":{"code":4000,"reason":"` + strings.Repeat("x", 124) + `"}}`: "disconnect.reason",
		`{"user":"a","whitelist":["x"]}`:                                                      "whitelist",
	} {
		w.refused("disconnect", body, 107, want)
	}
	w.refused("rpc", `{"method":"x"}`, 108, "hooks")
	w.refused("revoke_token", `{"user":"a"}`, 108, "")
}
