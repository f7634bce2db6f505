package phoenix_test

import (
	"bytes"
	"encoding/json"
	"net"
	"strings"
	"testing"
	"time"

	"throng"
	"throng/internal/gateway/gatewaytest"
)

// present are namespaces with presence: users, clients, and one where three are a
// crowd.
func present() map[string]*throng.Namespace {
	users, clients, few := open(throng.EventBroadcast), open(throng.EventBroadcast), open(throng.EventBroadcast)
	users.Presence, clients.Presence = throng.PresenceUsers, throng.PresenceClients
	few.Presence, few.PresenceList = throng.PresenceUsers, 2
	return map[string]*throng.Namespace{"users": users, "clients": clients, "few": few, "off": open(throng.EventBroadcast)}
}

func visit(t *testing.T, s *gatewaytest.Server, user string) *gatewaytest.Client {
	t.Helper()
	c := gatewaytest.Dial(t, s.Addr())
	c.Upgrade(target + "&user_id=" + user)
	return c
}

const (
	joined = `phx_reply",{"status":"ok","response":{}}]`
	metas  = `{"metas":[{"online_at":"…","phx_ref":"…"}]}`
)

// Two clients are told of each other, over the wire.
func TestPresence(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		s := start(t, kind, app{}, present())
		ann, bob := visit(t, s, "ann"), visit(t, s, "bob")
		play(t, ann, `
			> ["1","1","users:x","phx_join",{}]
			< ["1","1","users:x","`+joined+`
			< ["1",null,"users:x","presence_state",{"ann":`+metas+`}]
			< [null,null,"users:x","presence_diff",{"joins":{"ann":`+metas+`},"leaves":{}}]`)
		play(t, bob, `
			> ["1","1","users:x","phx_join",{}]
			< ["1","1","users:x","`+joined+`
			< ["1",null,"users:x","presence_state",{"ann":`+metas+`,"bob":`+metas+`}]
			< [null,null,"users:x","presence_diff",{"joins":{"bob":`+metas+`},"leaves":{}}]
			> ["1","2","users:x","presence_update",{"meta":{"status":"away"}}]
			< ["1","2","users:x","`+joined+`
			< [null,null,"users:x","presence_diff",{"joins":{"bob":{"metas":[{"status":"away","online_at":"…","phx_ref":"…","phx_ref_prev":"…"}]}},"leaves":{"bob":`+metas+`}}]
			> ["1","3","users:x","phx_leave",{}]
			< ["1","3","users:x","`+joined+`
			< ["1","1","users:x","phx_close",{}]`)
		play(t, ann, `
			< [null,null,"users:x","presence_diff",{"joins":{"bob":`+metas+`},"leaves":{}}]
			< [null,null,"users:x","presence_diff",{"joins":{"bob":{"metas":["…"]}},"leaves":{"bob":{"metas":["…"]}}}]
			< [null,null,"users:x","presence_diff",{"joins":{},"leaves":{"bob":{"metas":["…"]}}}]`)
		ann.Close()
		bob.Close()
		s.Empty(t)
	})
}

// Version 1 of the wire says the same in its own form.
func TestPresenceV1(t *testing.T) {
	s := start(t, "", app{}, present())
	c := gatewaytest.Dial(t, s.Addr())
	c.Upgrade("/socket/websocket?user_id=ann")
	play(t, c, `
		> {"topic":"users:x","event":"phx_join","payload":{},"ref":"1"}
		< {"topic":"users:x","event":"phx_reply","payload":{"status":"ok","response":{}},"ref":"1"}
		< {"topic":"users:x","event":"presence_state","payload":{"ann":`+metas+`},"ref":null}
		< {"topic":"users:x","event":"presence_diff","payload":{"joins":{"ann":`+metas+`},"leaves":{}},"ref":null}`)
	c.Close()
}

// What can't be is said with a code.
func TestPresenceRefused(t *testing.T) {
	s := start(t, "", app{}, present())
	c := visit(t, s, "ann")
	names := `"` + strings.Repeat(`a","`, 100) + `a"`
	no := func(code string) string {
		return `phx_reply",{"status":"error","response":{"reason":"…","code":` + code + `,"hint":"…"}}]`
	}
	play(t, c, `
		> ["1","1","off:x","phx_join",{}]
		< ["1","1","off:x","`+joined+`
		> ["1","2","off:x","presence_list",{}]
		< ["1","2","off:x","`+no("108")+`
		> ["1","3","users:y","presence_list",{}]
		< [null,"3","users:y","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]
		> ["4","4","users:x","phx_join",{}]
		< ["4","4","users:x","`+joined+`
		< ["4",null,"users:x","presence_state",{"ann":`+metas+`}]
		> ["4","5","users:x","presence_list",{"limit":101}]
		< ["4","5","users:x","`+no("107")+`
		> ["4","6","users:x","presence_list",{"cursor":"mine"}]
		< ["4","6","users:x","`+no("107")+`
		> ["4","7","users:x","presence_list",[]]
		< ["4","7","users:x","`+no("107")+`
		> ["4","8","users:x","presence_watch",{"users":[`+names+`]}]
		< ["4","8","users:x","`+no("106")+`
		> ["4","9","users:x","presence_update",{"meta":[1]}]
		< ["4","9","users:x","`+no("107")+`
		> ["4","10","users:x","presence_update",{"meta":{"a":"`+strings.Repeat("x", 5000)+`"}}]
		< ["4","10","users:x","`+no("106")+`
		> ["4","11","users:x","presence_state",{}]
		< ["4","11","users:x","`+no("107")+`
		> ["4","12","users:x","presence_list",{}]
		< ["4","12","users:x","phx_reply",{"status":"ok","response":{"members":[{"key":"ann","metas":["…"],"connections":1}],"users":1,"connections":1}}]`)
	c.Close()
}

// In a crowd lists are empty, all are counted, and who is watched is told of.
func TestPresenceOfCrowd(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		s := start(t, kind, app{}, present())
		var all []*gatewaytest.Client
		for _, user := range []string{"a", "b", "c"} {
			c := visit(t, s, user)
			c.Text(`["1","1","few:x","phx_join",{}]`)
			until(t, c, "presence_state")
			all = append(all, c)
		}
		if n := until(t, all[0], "presence_count"); n["users"] != 3.0 || n["connections"] != 3.0 || len(n["newest"].([]any)) != 3 {
			t.Errorf("%v", n)
		}
		all[0].Text(`["1","2","few:x","presence_watch",{"users":["c","d"]}]`)
		here := until(t, all[0], "phx_reply")["response"].(map[string]any)["users"].(map[string]any)
		if len(here) != 1 || here["c"] == nil {
			t.Errorf("%v", here)
		}
		if d := until(t, all[0], "presence_diff"); d["joins"].(map[string]any)["c"] == nil {
			t.Errorf("%v", d)
		}
		all[2].Close()
		if d := until(t, all[0], "presence_diff"); d["leaves"].(map[string]any)["c"] == nil {
			t.Errorf("%v", d)
		}
		all[1].Close()
		for {
			if list := until(t, all[0], "presence_state"); len(list) == 1 && list["a"] != nil {
				break
			}
		}
		all[0].Close()
		s.Empty(t)
	})
}

// heard reads a stream until it has said some words, in their order.
func heard(t *testing.T, nc net.Conn, words ...string) {
	t.Helper()
	_ = nc.SetReadDeadline(time.Now().Add(10 * time.Second))
	var all []byte
	b := make([]byte, 4096)
	for _, word := range words {
		i := 0
		for i = bytes.Index(all, []byte(word)); i < 0; i = bytes.Index(all, []byte(word)) {
			n, err := nc.Read(b)
			if err != nil {
				t.Fatalf("%q is not in %q: %v", word, all, err)
			}
			all = append(all, b[:n]...)
		}
		all = all[i+len(word):]
	}
}

// until reads up to the next message with an event, and returns its payload.
func until(t *testing.T, c *gatewaytest.Client, event string) map[string]any {
	t.Helper()
	for {
		var m []json.RawMessage
		var payload map[string]any
		var got string
		b := c.Message().Data
		if err := json.Unmarshal(b, &m); err != nil || len(m) != 5 || json.Unmarshal(m[3], &got) != nil {
			t.Fatalf("%s: %v", b, err)
		}
		if got == event {
			if err := json.Unmarshal(m[4], &payload); err != nil {
				t.Fatalf("%s: %v", b, err)
			}
			return payload
		}
	}
}

// A stream of events counts as somebody who is there, and shows the others if it wants
// them; a poll is nobody.
func TestPresenceOfStreams(t *testing.T) {
	s := start(t, "", app{}, present())
	c := visit(t, s, "ann")
	c.Text(`["1","1","users:x","phx_join",{}]`)
	until(t, c, "presence_diff")
	stream := gatewaytest.Dial(t, s.Addr())
	stream.Raw([]byte("GET /events?channel=users:x&user_id=bob HTTP/1.1\r\nHost: x\r\n\r\n"))
	viewer, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_, _ = viewer.Write([]byte("GET /events?channel=users:x&user_id=bob&presence=1 HTTP/1.1\r\nHost: x\r\n\r\n"))
	heard(t, viewer, "event: presence_state\n", `"ann":{"metas":[`, "event: presence_diff\n", `"bob":{"metas":[`)
	_ = viewer.Close()
	if d := until(t, c, "presence_diff"); d["joins"].(map[string]any)["bob"] == nil {
		t.Errorf("%v", d)
	}
	poll := gatewaytest.Dial(t, s.Addr())
	poll.Raw([]byte("GET /poll?channel=users:x&user_id=cid&timeout=1 HTTP/1.1\r\nHost: x\r\n\r\n"))
	time.Sleep(600 * time.Millisecond)
	c.Text(`["1","2","users:x","presence_list",{}]`)
	if n := until(t, c, "phx_reply")["response"].(map[string]any)["users"]; n != 2.0 {
		t.Errorf("%v are there", n)
	}
	stream.Close()
	for until(t, c, "presence_diff")["leaves"].(map[string]any)["bob"] == nil { // the viewer's coming may be told by now only
	}
	poll.Close()
	c.Close()
}

// Whom the server subscribes is there, and is shown no list of a channel that it has
// not joined; when it joins, it is shown one.
func TestPresenceOfServerSide(t *testing.T) {
	s := start(t, "", app{}, present())
	ann, bob := visit(t, s, "ann"), visit(t, s, "bob")
	ann.Text(`["1","1","users:x","phx_join",{}]`)
	until(t, ann, "presence_diff")
	ask(t, s, "subscribe", `{"user":"bob","channel":"users:x"}`)
	if d := until(t, ann, "presence_diff"); d["joins"].(map[string]any)["bob"] == nil {
		t.Errorf("%v", d)
	}
	play(t, bob, `
		< [null,null,"users:x","presence_diff",{"joins":{"bob":`+metas+`},"leaves":{}}]
		> ["7","7","users:x","phx_join",{}]
		< ["7","7","users:x","`+joined+`
		< ["7",null,"users:x","presence_state",{"ann":`+metas+`,"bob":`+metas+`}]`)
	ann.Close()
	bob.Close()
}
