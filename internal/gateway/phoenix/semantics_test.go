package phoenix_test

import (
	"strings"
	"testing"

	"throng"
	"throng/internal/gateway/gatewaytest"
	"throng/internal/gateway/phoenix"
	"throng/internal/websocket"
)

// scripts are exchanges beyond those that were recorded. Rows of
// protocols/phoenix.md are named.
var scripts = map[string]string{
	"heartbeat": `
		> [null,"1","phoenix","heartbeat",{}]
		< [null,"1","phoenix","phx_reply",{"status":"ok","response":{}}]
		> ["9",2,"phoenix","heartbeat",[1]]
		< [null,2,"phoenix","phx_reply",{"status":"ok","response":{}}]`,
	"extra elements are ignored, refs echoed verbatim": `
		> [1,2,"room:1","phx_join",{},"more",[]]
		< [1,2,"room:1","phx_reply",{"status":"ok","response":{}}]
		> [1,3.50,"room:1","echo",7]
		< [1,3.50,"room:1","phx_reply",{"status":"ok","response":7}]`,
	"nobody joins the server's topic": `
		> ["1","1","phoenix","phx_join",{}]
		< [null,"1","phoenix","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]`,
	"a server's channel is refused": `
		> ["1","1","@user:1","phx_join",{}]
		< ["1","1","@user:1","phx_reply",{"status":"error","response":{"reason":"permission denied","code":103}}]
		> ["2","2","","phx_join",{}]
		< ["2","2","","phx_reply",{"status":"error","response":{"reason":"bad request","code":107}}]`,
	"closed namespaces": `
		> ["1","1","users:1","phx_join",{}]
		< ["1","1","users:1","phx_reply",{"status":"error","response":{"reason":"permission denied","code":103}}]
		> ["2","2","read:1","phx_join",{}]
		< ["2","2","read:1","phx_reply",{"status":"ok","response":{}}]
		> ["2","3","read:1","hello",{}]
		< ["2","3","read:1","phx_reply",{"status":"error","response":{"reason":"permission denied","code":103}}]
		> ["4","4","deny:1","phx_join",{}]
		< ["4","4","deny:1","phx_reply",{"status":"ok","response":{}}]
		> ["4","5","deny:1","hello",{}]
		< ["4","5","deny:1","phx_reply",{"status":"error","response":{"reason":"permission denied","code":103}}]`,
	"reserved events": `
		> ["1","1","cast:1","phx_join",{}]
		< ["1","1","cast:1","phx_reply",{"status":"ok","response":{}}]
		> ["1","2","cast:1","phx_close",{}]
		< ["1","2","cast:1","phx_reply",{"status":"error","response":{"reason":"bad request","code":107,"hint":"…"}}]
		> ["1","3","cast:1","presence_diff",{}]
		< ["1","3","cast:1","phx_reply",{"status":"error","response":{"reason":"bad request","code":107,"hint":"…"}}]`,
	"an event's name is no novel": `
		> ["1","1","cast:1","phx_join",{}]
		< ["1","1","cast:1","phx_reply",{"status":"ok","response":{}}]
		> ["1","2","cast:1","` + strings.Repeat("x", 256) + `",{}]
		< ["1","2","cast:1","phx_reply",{"status":"error","response":{"reason":"bad request","code":107,"hint":"…"}}]`,
	"two leaves in the same breath are both answered": `
		> ["1","1","cast:9","phx_join",{}]
		> ["1","2","cast:9","hello",1]
		> ["1","3","cast:9","phx_leave",{}]
		> ["1","4","cast:9","phx_leave",{}]
		< ["1","1","cast:9","phx_reply",{"status":"ok","response":{}}]
		< ["1","4","cast:9","phx_reply",{"status":"ok","response":{}}]
		< [null,null,"cast:9","hello",1]
		< ["1","2","cast:9","phx_reply",{"status":"ok","response":{}}]
		< ["1","3","cast:9","phx_reply",{"status":"ok","response":{}}]
		< ["1","1","cast:9","phx_close",{}]`,
	"broadcast: the push, then the reply": `
		> ["1","1","cast:2","phx_join",{}]
		< ["1","1","cast:2","phx_reply",{"status":"ok","response":{}}]
		> ["1","2","cast:2","hello",{"a":[1,null]}]
		< [null,null,"cast:2","hello",{"a":[1,null]}]
		< ["1","2","cast:2","phx_reply",{"status":"ok","response":{}}]`,
	"leave in the same breath: what was published is answered before": `
		> ["1","1","cast:3","phx_join",{}]
		> ["1","2","cast:3","hello",1]
		> ["1","3","cast:3","phx_leave",{}]
		> ["1","4","cast:3","hello",2]
		< ["1","1","cast:3","phx_reply",{"status":"ok","response":{}}]
		< [null,"4","cast:3","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]
		< [null,null,"cast:3","hello",1]
		< ["1","2","cast:3","phx_reply",{"status":"ok","response":{}}]
		< ["1","3","cast:3","phx_reply",{"status":"ok","response":{}}]
		< ["1","1","cast:3","phx_close",{}]`,
	"leave with null or stale join_ref": `
		> ["1","1","room:1","phx_join",{}]
		< ["1","1","room:1","phx_reply",{"status":"ok","response":{}}]
		> ["7","2","room:1","phx_leave",{}]
		> [null,"3","room:1","phx_leave",{}]
		< ["1","3","room:1","phx_reply",{"status":"ok","response":{}}]
		< ["1","1","room:1","phx_close",{}]`,
	"joined with null: ends carry null": `
		> [null,"20","room:1","phx_join",{}]
		< [null,"20","room:1","phx_reply",{"status":"ok","response":{}}]
		> ["20","21","room:1","echo",{}]
		> [null,"22","room:1","stop",{}]
		< [null,null,"room:1","phx_close",{}]
		> [null,"23","room:1","phx_join",{}]
		< [null,"23","room:1","phx_reply",{"status":"ok","response":{}}]
		> [null,"24","room:1","crash",{}]
		< [null,null,"room:1","phx_error",{"reason":"channel_crash"}]`,
	"joined anew: the new reply first, then the old close": `
		> ["1","1","cast:4","phx_join",{}]
		< ["1","1","cast:4","phx_reply",{"status":"ok","response":{}}]
		> ["2","2","cast:4","phx_join",{}]
		< ["2","2","cast:4","phx_reply",{"status":"ok","response":{}}]
		< ["1","1","cast:4","phx_close",{}]
		> ["1","3","cast:4","hello",0]
		> ["2","4","cast:4","hello",1]
		< [null,null,"cast:4","hello",1]
		< ["2","4","cast:4","phx_reply",{"status":"ok","response":{}}]`,
	"broadcast and stop: push, reply, close": `
		> ["1","1","room:8","phx_join",{}]
		< ["1","1","room:8","phx_reply",{"status":"ok","response":{}}]
		> ["1","2","room:8","say_and_stop",{}]
		< [null,null,"room:8","say_and_stop",{}]
		< ["1","2","room:8","phx_reply",{"status":"ok","response":{}}]
		< ["1","1","room:8","phx_close",{}]`,
	"too many channels": `
		> ["1","1","room:1","phx_join",{}]
		< ["1","1","room:1","phx_reply",{"status":"ok","response":{}}]
		> ["2","2","room:2","phx_join",{}]
		< ["2","2","room:2","phx_reply",{"status":"ok","response":{}}]
		> ["3","3","room:3","phx_join",{}]
		< ["3","3","room:3","phx_reply",{"status":"ok","response":{}}]
		> ["4","4","room:4","phx_join",{}]
		< ["4","4","room:4","phx_reply",{"status":"error","response":{"reason":"too many channels joined"}}]
		# one that is joined may be joined again
		> ["5","5","room:1","phx_join",{}]
		< ["5","5","room:1","phx_reply",{"status":"ok","response":{}}]
		< ["1","1","room:1","phx_close",{}]`,
	"bad shapes": `
		> ["1","1","room:1","phx_join"]
		CLOSE 1011`,
	"bad JSON in the payload": `
		> ["1","1","room:1","phx_join",{"a":}]
		CLOSE 1011`,
	"a ref that is none": `
		> [{},"1","room:1","phx_join",{}]
		CLOSE 1011`,
	"no history, no recovery": `
		> ["1","1","cast:5","phx_join",{"recover":{}}]
		< ["1","1","cast:5","phx_reply",{"status":"ok","response":{"recoverable":false,"recovered":false,"offset":0,"epoch":"","publications":[]}}]`,
}

func TestSemantics(t *testing.T) {
	more := map[string]*throng.Namespace{
		"cast":  open(throng.EventBroadcast),
		"deny":  open(throng.EventDeny),
		"read":  {Subscribe: throng.Anybody, ClientEvents: throng.EventBroadcast},
		"users": {Subscribe: throng.Authenticated},
	}
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		o := options(kind, app{}, more)
		o.Config.Phoenix.MaxChannels = 3
		s := gatewaytest.Start(t, o)
		for name, script := range scripts {
			t.Run(name, func(t *testing.T) {
				c := gatewaytest.Connect(t, s.Addr(), target)
				play(t, c, script)
				if !strings.Contains(script, "CLOSE") {
					c.Bye() // and nothing came in between
				}
				c.Close()
			})
		}
		s.Empty(t)
	})
}

// TestVersion1Binary: version 1 has one kind of message, whatever the frame says.
func TestVersion1Binary(t *testing.T) {
	s := start(t, "auto", app{}, nil)
	c := gatewaytest.Connect(t, s.Addr(), "/socket/websocket")
	c.Binary([]byte(`{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"1"}`))
	play(t, c, `< {"topic":"phoenix","event":"phx_reply","payload":{"status":"ok","response":{}},"ref":"1"}`)
	c.Binary([]byte("\x00\x00\x00\x00\x00"))
	play(t, c, `CLOSE 1011`)
}

// late is an application that answers when it is told to.
type late struct{ asked chan func(phoenix.Answer) }

func (l late) Event(_ *phoenix.Event, answer func(phoenix.Answer)) { l.asked <- answer }

// TestLateAnswers: whatever ends a channel waits for what the application was
// asked, and a leave is always answered.
func TestLateAnswers(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		app := late{make(chan func(phoenix.Answer), 10)}
		s := start(t, kind, app, nil)
		c := gatewaytest.Connect(t, s.Addr(), target)
		alive := `
			> [null,"h","phoenix","heartbeat",{}]
			< [null,"h","phoenix","phx_reply",{"status":"ok","response":{}}]`
		play(t, c, `
			> ["1","1","room:1","phx_join",{}]
			< ["1","1","room:1","phx_reply",{"status":"ok","response":{}}]
			> ["1","2","room:1","a",{"n":2}]
			> ["1","3","room:1","b",{"n":3}]
			> ["1","4","room:1","phx_leave",{}]`+alive)
		first, second := <-app.asked, <-app.asked
		second(phoenix.Answer{Broadcast: true, Status: "ok"})
		play(t, c, `
			< [null,null,"room:1","b",{"n":3}]
			< ["1","3","room:1","phx_reply",{"status":"ok","response":{}}]`+alive)
		first(phoenix.Answer{Status: "error", Response: []byte(`{"no":1}`)})
		play(t, c, `
			< ["1","2","room:1","phx_reply",{"status":"error","response":{"no":1}}]
			< ["1","4","room:1","phx_reply",{"status":"ok","response":{}}]
			< ["1","1","room:1","phx_close",{}]`+alive)
		// A join in the middle of it: the leave is answered, the late answer is for nobody.
		play(t, c, `
			> ["5","5","room:1","phx_join",{}]
			< ["5","5","room:1","phx_reply",{"status":"ok","response":{}}]
			> ["5","6","room:1","a",{}]
			> ["5","7","room:1","phx_leave",{}]
			> ["8","8","room:1","phx_join",{}]
			< ["8","8","room:1","phx_reply",{"status":"ok","response":{}}]
			< ["5","7","room:1","phx_reply",{"status":"ok","response":{}}]
			< ["5","5","room:1","phx_close",{}]`)
		(<-app.asked)(phoenix.Answer{Status: "ok", Crash: true})
		play(t, c, alive)
		// The answer comes when the client is gone.
		play(t, c, `> ["8","9","room:1","a",{}]`)
		answer := <-app.asked
		c.Bye()
		s.Empty(t)
		answer(phoenix.Answer{Broadcast: true, Status: "ok"})
	})
}

func TestNoBackend(t *testing.T) {
	s := start(t, "auto", nil, nil)
	c := gatewaytest.Connect(t, s.Addr(), target)
	play(t, c, `
		> ["1","1","room:1","phx_join",{}]
		< ["1","1","room:1","phx_reply",{"status":"ok","response":{}}]
		> ["1","2","room:1","echo",{}]
		< ["1","2","room:1","phx_reply",{"status":"error","response":{"reason":"not available","code":108,"hint":"…"}}]`)
}

// TestBinaryBroadcast: who counts offsets gets base64, because the binary wire has
// no place for them; all others get bytes.
func TestBinaryBroadcast(t *testing.T) {
	more := map[string]*throng.Namespace{"hist": history(10), "cast": open(throng.EventBroadcast)}
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		s := start(t, kind, nil, more)
		plain, counting, old := gatewaytest.Connect(t, s.Addr(), target), gatewaytest.Connect(t, s.Addr(), target), gatewaytest.Connect(t, s.Addr(), "/socket/websocket")
		play(t, plain, `
			> ["1","1","hist:b","phx_join",{}]
			< ["1","1","hist:b","phx_reply",{"status":"ok","response":{}}]`)
		play(t, counting, `
			> ["1","1","hist:b","phx_join",{"recover":{}}]
			< ["1","1","hist:b","phx_reply",{"status":"ok","response":{"recoverable":true,"recovered":false,"offset":0,"epoch":"…","publications":[]}}]
			> ["2","2","cast:b","phx_join",{"recover":{}}]
			< ["2","2","cast:b","phx_reply",{"status":"ok","response":{"recoverable":false,"recovered":false,"offset":0,"epoch":"","publications":[]}}]`)
		play(t, old, `
			> {"topic":"hist:b","event":"phx_join","payload":{},"ref":"1"}
			< {"topic":"hist:b","event":"phx_reply","payload":{"status":"ok","response":{}},"ref":"1"}`)
		plain.Binary([]byte("\x00\x01\x01\x06\x0112hist:be\xff\x00"))
		if m := plain.Message(); m.Op != websocket.OpBinary || string(m.Data) != "\x02\x06\x01hist:be\xff\x00" {
			t.Errorf("got %d %q", m.Op, m.Data)
		}
		play(t, plain, `< ["1","2","hist:b","phx_reply",{"status":"ok","response":{}}]`)
		play(t, counting, `< [null,1,"hist:b","e",{"encoding":"base64","data":"/wA="}]`)
		play(t, old, `< {"topic":"hist:b","event":"e","payload":{"encoding":"base64","data":"/wA="},"ref":null}`)
		// Without history there is no offset, so recover changes nothing.
		counting.Binary([]byte("\x00\x01\x01\x06\x0123cast:be\xff"))
		if m := counting.Message(); m.Op != websocket.OpBinary || string(m.Data) != "\x02\x06\x01cast:be\xff" {
			t.Errorf("got %d %q", m.Op, m.Data)
		}
	})
}
