package gateway_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"throng"
	"throng/internal/gateway/gatewaytest"
	"throng/internal/gateway/phoenix"
	"throng/test/tries"
)

// brief is a server whose polls and sessions are over soon.
func brief(t testing.TB, kind string, window time.Duration) *gatewaytest.Server {
	o := gatewaytest.Options(kind)
	o.Config.Phoenix.PollWindow = window
	return gatewaytest.Start(t, o)
}

// sessions waits until so many sessions are left.
func sessions(t testing.TB, s *gatewaytest.Server, n int64) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d sessions", n), func() bool { return s.Gateway().Stats().LongPolls.Load() == n })
}

func TestLongPollTalks(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		s := start(t, kind)
		p := connect(t, s)
		p.push(beat)
		p.expect(beaten)
		p.push(join, `["1","2","room:1","hello",{"a":"<ü\u2028\"\\>"}]`)
		p.expect(joined, `[null,null,"room:1","hello",{"a":"<ü\u2028\"\\>"}]`)
		p.expect(`["1","2","room:1","phx_reply",{"status":"ok","response":{}}]`)
		if a := p.request("POST", "application/json", beat); a.Status != 200 {
			t.Errorf("one message that is no line: %s", a.text)
		}
		p.expect(beaten)
		p.push(`["1","3","room:1","phx_leave",{}]`)
		p.expect(`["1","3","room:1","phx_reply",{"status":"ok","response":{}}]`, `["1","1","room:1","phx_close",{}]`)
	})
}

// Version 1 is spoken without vsn, as objects.
func TestLongPollVersion1(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		p := newPoller(t, start(t, kind))
		p.query = ""
		p.open()
		p.push(`{"topic":"room:1","event":"phx_join","payload":{},"ref":"1"}`)
		p.expect(`{"topic":"room:1","event":"phx_reply","payload":{"status":"ok","response":{}},"ref":"1"}`)
	})
}

// A WebSocket and a long-poll see one order, and what either says.
func TestLongPollAndWebSocket(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		s := start(t, kind)
		p, c := connect(t, s), gatewaytest.Connect(t, s.Addr(), socketPath)
		p.push(join)
		p.expect(joined)
		c.Text(join)
		c.Expect(joined)
		const each = 200
		go func() {
			for i := range each {
				_, _ = c.Write(c.Frame(1, fmt.Appendf(nil, `["1","w%d","room:1","n",{"ws":%d}]`, i, i)))
			}
		}()
		go func() {
			for i := 0; i < each; i += 10 {
				var lines []string
				for n := i; n < i+10; n++ {
					lines = append(lines, fmt.Sprintf(`["1","p%d","room:1","n",{"lp":%d}]`, n, n))
				}
				_, _ = p.try(context.Background(), "POST", ndjson, strings.Join(lines, "\n"))
			}
		}()
		broadcasts := func(next func() string) (all []string) {
			for len(all) < 2*each {
				if m := next(); strings.HasPrefix(m, `[null,null,"room:1"`) {
					all = append(all, m)
				}
			}
			return all
		}
		polled := broadcasts(p.next)
		sent := broadcasts(func() string { return string(c.Message().Data) })
		for i := range sent {
			if sent[i] != polled[i] {
				t.Fatalf("message %d: %s by WebSocket, %s by long-poll", i, sent[i], polled[i])
			}
		}
	})
}

// Bytes go as base64 both ways.
func TestLongPollBinary(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		o := gatewaytest.Options(kind)
		o.Backend = echoBackend{}
		o.Namespaces = func(name string) *throng.Namespace {
			ns := &throng.Namespace{Subscribe: throng.Anybody, Publish: throng.Anybody, ClientEvents: throng.EventBroadcast}
			if name == "app" {
				ns.ClientEvents = throng.EventBackend
			}
			return ns
		}
		s := gatewaytest.Start(t, o)
		p, c := connect(t, s), gatewaytest.Connect(t, s.Addr(), socketPath)
		p.push(join, `["2","2","app:1","phx_join",{}]`)
		p.expect(joined, `["2","2","app:1","phx_reply",{"status":"ok","response":{}}]`)
		c.Text(join)
		c.Expect(joined)
		push := func(ref, topic, data string) string {
			b := []byte{0, 1, 1, byte(len(topic)), 1}
			return base64.StdEncoding.EncodeToString([]byte(string(b) + ref + ref + topic + "e" + data))
		}
		p.push(push("1", "room:1", "\x00\xff"))
		p.expect(`[null,null,"room:1","e",{"encoding":"base64","data":"AP8="}]`, `["1","1","room:1","phx_reply",{"status":"ok","response":{}}]`)
		if m := c.Message(); string(m.Data) != "\x02\x06\x01room:1e\x00\xff" {
			t.Errorf("by WebSocket: %q", m.Data)
		}
		p.push(push("2", "app:1", "\x01\x02"))
		p.expect(`["2","2","app:1","phx_reply",{"status":"ok","response":{"encoding":"base64","data":"AQI="}}]`)
	})
}

type echoBackend struct{}

func (echoBackend) Event(e *phoenix.Event, answer func(phoenix.Answer)) {
	answer(phoenix.Answer{Status: "ok", Response: e.Data, Binary: e.Binary})
}

// A poll without messages ends after its time, and the session goes on; one
// without polls ends after the window.
func TestLongPollTime(t *testing.T) {
	t.Parallel()
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		tries.Longer(t, 1500*time.Millisecond, func(t testing.TB, unit time.Duration) {
			s := brief(t, kind, unit)
			p := connect(t, s)
			p.push(join)
			p.expect(joined)
			if a := p.get(); a.Status != 204 || a.Token != p.token || a.Messages == nil || len(a.Messages) > 0 {
				t.Fatalf("an empty poll: %s", a.text)
			}
			sessions(t, s, 0)
			if a := p.request("POST", ndjson, beat); a.code != 200 || a.text != `{"status":410}` {
				t.Errorf("push to an expired session: %d %s", a.code, a.text)
			}
			a := p.get()
			if a.Status != 410 || a.Token == "" || a.Token == p.token {
				t.Fatalf("poll of an expired session: %s", a.text)
			}
			p.token = a.Token
			p.push(beat)
			p.expect(beaten)
		})
	})
}

func TestLongPollNewestWins(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		s := start(t, kind)
		p := connect(t, s)
		first := p.later(t.Context(), s)
		second := p.later(t.Context(), s)
		if a := <-first; a.Status != 204 || len(a.Messages) > 0 {
			t.Errorf("the older poll: %s", a.text)
		}
		p.push(beat)
		if a := <-second; a.Status != 200 || len(a.Messages) != 1 || a.Messages[0] != beaten {
			t.Errorf("the newer poll: %s", a.text)
		}
	})
}

// A poll whose client has gone takes nothing with it.
func TestLongPollVanished(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		s := start(t, kind)
		p := connect(t, s)
		for range 20 {
			ctx, cancel := context.WithCancel(t.Context())
			gone := p.later(ctx, s)
			before := s.Engine().Connections()
			cancel()
			if a := <-gone; a.code != 0 {
				t.Fatal("the poll was answered")
			}
			eventually(t, "the server has noticed", func() bool { return s.Engine().Connections() < before })
			p.push(beat)
			p.expect(beaten)
		}
	})
}

// Messages wait for polls, at most so many bytes in one, and at least one.
func TestLongPollAnswersAreBounded(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		o := gatewaytest.Options(kind)
		o.Config.WebSocket.MaxMessageBytes = 1 << 20
		o.Config.Engine.QueueBytes = 8 << 20
		s := gatewaytest.Start(t, o)
		p, c := connect(t, s), gatewaytest.Connect(t, s.Addr(), socketPath)
		p.push(join)
		p.expect(joined)
		c.Text(join)
		c.Expect(joined)
		for i, n := range []int{100 << 10, 100 << 10, 100 << 10, 600 << 10, 10, 10} {
			c.Text(fmt.Sprintf(`["1","%d","room:1","n","%s"]`, i, strings.Repeat("x", n)))
			for range 2 {
				c.Message()
			}
		}
		var counts []int
		// The session's loop has all of them when it has ended a turn.
		p.push()
		p.push()
		for total := 0; total < 6; {
			a := p.get()
			if a.Status != 200 {
				t.Fatalf("%.100s", a.text)
			}
			counts = append(counts, len(a.Messages))
			total += len(a.Messages)
		}
		if fmt.Sprint(counts) != "[2 1 1 2]" {
			t.Errorf("polls of %v messages", counts)
		}
	})
}

// The end of a session is told by 410, after all that was said before.
func TestLongPollServerEnds(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		s := start(t, kind)
		for name, waits := range map[string]bool{"a poll waits": true, "no poll waits": false} {
			t.Run(name, func(t *testing.T) {
				p := connect(t, s)
				p.push(join)
				p.expect(joined)
				var poll <-chan answer
				if waits {
					poll = p.later(t.Context(), s)
				}
				if a := p.request("POST", ndjson, beat+"\nbad"); a.Status != 410 {
					t.Errorf("bad message: %s", a.text)
				}
				if !waits {
					poll = p.later(t.Context(), s)
				}
				if a := <-poll; a.Status != 200 || len(a.Messages) != 1 || a.Messages[0] != beaten {
					t.Errorf("what was said before: %s", a.text)
				}
				sessions(t, s, 0)
				if a := p.get(); a.Status != 410 || a.Token == p.token {
					t.Errorf("then: %s", a.text)
				} else {
					p.token = a.Token
					p.request("POST", ndjson, "bad") // ends it
				}
				sessions(t, s, 0)
			})
		}
	})
}

func TestLongPollShutdown(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		o := gatewaytest.Options(kind)
		s := gatewaytest.Start(t, o)
		idle, joinedOne, silent := connect(t, s), connect(t, s), connect(t, s)
		joinedOne.push(join)
		joinedOne.expect(joined)
		silent.push(beat) // an answer that nobody takes
		polls := []<-chan answer{idle.later(t.Context(), s), joinedOne.later(t.Context(), s)}
		s.Stop(t)
		for i, poll := range polls {
			if a := <-poll; a.code != 200 || a.Status != 410 {
				t.Errorf("poll %d: %d %s", i, a.code, a.text)
			}
		}
		if n := s.Gateway().Stats().LongPolls.Load(); n != 0 {
			t.Errorf("%d sessions are left", n)
		}
	})
}

func TestLongPollLimit(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		o := gatewaytest.Options(kind)
		o.Config.Engine.MaxConnections = 6
		s := gatewaytest.Start(t, o)
		p := newPoller(t, s) // its HTTP connection is one
		for range 2 {
			p.open()
		}
		for range 3 { // and these take the other places
			gatewaytest.Connect(t, s.Addr(), socketPath)
		}
		p.token = ""
		a := p.get()
		if a.code != 503 || a.text != "" || a.head.Get("Retry-After") == "" {
			t.Errorf("over the limit: %d %s", a.code, a.text)
		}
	})
}

// An upgrade at the path of the long-poll is none, and it is not on by chance.
func TestLongPollPath(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		o := gatewaytest.Options(kind)
		o.Config.Phoenix.LongPoll = false
		off := newPoller(t, gatewaytest.Start(t, o))
		off.token = "x"
		if r, err := off.http.Get(off.url); err != nil || r.StatusCode != 404 {
			t.Errorf("%v %v", r, err)
		} else {
			r.Body.Close()
		}
		c := gatewaytest.Dial(t, start(t, kind).Addr())
		c.Raw(gatewaytest.Handshake("/socket/longpoll?vsn=2.0.0"))
		if status, _, _ := c.Response("GET"); status != 404 {
			t.Errorf("upgraded: %d", status)
		}
	})
}

// A session that nobody polls keeps what the bound allows, then it ends.
func TestLongPollSlow(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		o := gatewaytest.Options(kind)
		o.Config.Engine.QueueBytes = 64 << 10
		o.Config.Phoenix.PollWindow = time.Second
		s := gatewaytest.Start(t, o)
		p := connect(t, s)
		status := 200
		for i := 0; status == 200 && i < 100; i++ {
			status = p.request("POST", ndjson, strings.Repeat(`[null,"`+strings.Repeat("r", 200)+`","phoenix","heartbeat",{}]`+"\n", 100)).Status
		}
		if status != 410 {
			t.Fatalf("answers pile up: %d", status)
		}
		sessions(t, s, 0)
	})
}

// Recovery works across sessions.
func TestLongPollRecovers(t *testing.T) {
	t.Parallel()
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		tries.Longer(t, 1500*time.Millisecond, func(t testing.TB, unit time.Duration) {
			s := brief(t, kind, unit)
			p, c := connect(t, s), gatewaytest.Connect(t, s.Addr(), socketPath)
			position := func(message string) (epoch string, offset float64, events int) {
				var frame []any
				if err := json.Unmarshal([]byte(message), &frame); err != nil {
					t.Fatal(err)
				}
				r := frame[4].(map[string]any)["response"].(map[string]any)
				return r["epoch"].(string), r["offset"].(float64), len(r["publications"].([]any))
			}
			p.push(`["1","1","hist:lp","phx_join",{"recover":{}}]`)
			epoch, _, _ := position(p.next())
			c.Text(`["1","1","hist:lp","phx_join",{}]`)
			c.Message()
			say := func(n int) {
				c.Text(`["1","2","hist:lp","n",` + strconv.Itoa(n) + `]`)
				c.Message()
				c.Message()
			}
			say(1)
			p.expect(`[null,1,"hist:lp","n",1]`)
			sessions(t, s, 0)
			say(2)
			say(3)
			p.open()
			p.push(`["5","5","hist:lp","phx_join",{"recover":{"offset":1,"epoch":"` + epoch + `"}}]`)
			answered := p.next()
			if again, offset, n := position(answered); again != epoch || offset != 3 || n != 2 || !strings.Contains(answered, `"recovered":true`) {
				t.Errorf("answer %s", answered)
			}
		})
	})
}
