package phoenix_test

import (
	"encoding/base64"
	"fmt"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"throng"
	"throng/internal/auth"
	"throng/internal/gateway"
	"throng/internal/gateway/gatewaytest"
	"throng/internal/websocket"
	"throng/test/tries"
)

const secret = "0123456789abcdef0123456789abcdef"

// tokens is a server that checks tokens, and what makes them.
type tokens struct {
	*gatewaytest.Server
	t      testing.TB
	signer *auth.Signer
}

// startTokens runs a server whose channels of the namespace open are for all, of
// users for who is known, and of token for whom a token lets in. Clocks agree.
func startTokens(t testing.TB, kind string, late time.Duration) *tokens {
	o := options(kind, app{}, map[string]*throng.Namespace{
		"open":  open(throng.EventBroadcast),
		"users": {Subscribe: throng.Authenticated, Publish: throng.Nobody},
		"token": {Subscribe: throng.Token, Publish: throng.Token, ClientEvents: throng.EventBroadcast},
	})
	o.Authenticate = nil
	o.Config.Auth.HMACSecret, o.Config.Auth.Leeway, o.Config.Auth.LateToken = secret, 0, late
	s, err := auth.NewSigner([]byte(secret), "")
	if err != nil {
		t.Fatal(err)
	}
	return &tokens{gatewaytest.Start(t, o), t, s}
}

// sign makes a token, valid for a time from now; 0 for ever.
func (s *tokens) sign(c auth.Claims, valid time.Duration) string {
	s.t.Helper()
	var claims any = c
	if valid != 0 { // to the millisecond, unlike most issuers
		claims = map[string]any{
			"sub": c.User, "channels": c.Channels, "subs": c.Subs, "info": c.Info,
			"exp": float64(time.Now().Add(valid).UnixMilli()) / 1000,
		}
		if c.Channel != "" {
			claims.(map[string]any)["channel"] = c.Channel
			claims.(map[string]any)["publish"] = c.Publish
		}
	}
	token, err := s.signer.Sign(claims)
	if err != nil {
		s.t.Fatal(err)
	}
	return token
}

// connect upgrades with a token.
func (s *tokens) connect(token string) *gatewaytest.Client {
	s.t.Helper()
	return gatewaytest.Connect(s.t, s.Addr(), target+"&token="+token)
}

// status is how an upgrade is answered.
func (s *tokens) status(target string, headers ...string) int {
	s.t.Helper()
	c := gatewaytest.Dial(s.t, s.Addr())
	defer c.Close()
	c.Raw(gatewaytest.Handshake(target, headers...))
	status, _, _ := c.Response("GET")
	return status
}

// TestTokenAtTheDoor: wherever the token stands it counts, and without a good one
// nobody gets in, whatever else is said.
func TestTokenAtTheDoor(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		s := startTokens(t, kind, 0)
		good, old := s.sign(auth.Claims{User: "ann"}, 0), s.sign(auth.Claims{User: "ann"}, -time.Second)
		sub := s.sign(auth.Claims{User: "ann", Channel: "token:1"}, 0)
		bearer := func(token string) string {
			return "Sec-WebSocket-Protocol: phoenix, base64url.bearer.phx." + base64.RawURLEncoding.EncodeToString([]byte(token))
		}
		for what, got := range map[string]int{
			"no token":             s.status(target),
			"only a user":          s.status(target + "&user_id=ann"),
			"an expired token":     s.status(target + "&token=" + old),
			"a subscription token": s.status(target + "&token=" + sub),
			"rubbish":              s.status(target + "&token=x.y.z"),
			"rubbish beside":       s.status(target+"&token="+good, bearer("x.y.z")),
		} {
			if got != 403 {
				t.Errorf("%s: %d", what, got)
			}
		}
		for _, c := range []*gatewaytest.Client{
			s.connect(good), gatewaytest.Connect(t, s.Addr(), target, bearer(good)), gatewaytest.Connect(t, s.Addr(), target+"&token=x", bearer(good)),
		} {
			play(t, c, `
				> ["1","1","users:1","phx_join",{}]
				< ["1","1","users:1","phx_reply",{"status":"ok","response":{}}]`)
			c.Bye()
		}
		nobody := s.connect(s.sign(auth.Claims{}, 0)) // a token without a user is an anonymous client
		play(t, nobody, `
			> ["1","1","users:1","phx_join",{}]
			< ["1","1","users:1","phx_reply",{"status":"error","response":{"reason":"permission denied","code":103}}]
			> ["1","1","open:1","phx_join",{}]
			< ["1","1","open:1","phx_reply",{"status":"ok","response":{}}]`)
		nobody.Bye()
	})
}

// ends waits for the connection's end, and wants it with a code, no sooner than so long
// after begun.
func ends(t testing.TB, c *gatewaytest.Client, code uint16, begun time.Time, after time.Duration) {
	t.Helper()
	got, reason := c.CloseCode()
	took := time.Since(begun)
	if got != code || took < after {
		t.Errorf("closed with %d %s after %v, want %d after %v", got, reason, took, code, after)
	}
	c.Close()
}

// TestTokenExpiry: a connection ends with its token, and lives on with a newer one
// of the same user.
func TestTokenExpiry(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		tries.Longer(t, 400*time.Millisecond, func(t testing.TB, unit time.Duration) {
			s := startTokens(t, kind, 0)
			begun := time.Now()
			dies, lives := s.connect(s.sign(auth.Claims{User: "ann"}, unit)), s.connect(s.sign(auth.Claims{User: "ann"}, unit))
			play(t, lives, `
				> [null,"1","phoenix","refresh",{"token":"x.y.z"}]
				< [null,"1","phoenix","phx_reply",{"status":"error","response":{"reason":"unauthorized","code":101}}]
				> [null,"2","phoenix","refresh",{"token":"`+s.sign(auth.Claims{User: "bob"}, time.Hour)+`"}]
				< [null,"2","phoenix","phx_reply",{"status":"error","response":{"reason":"unauthorized","code":101}}]
				> [null,"3","phoenix","refresh",{"token":"`+s.sign(auth.Claims{User: "ann"}, -time.Hour)+`"}]
				< [null,"3","phoenix","phx_reply",{"status":"error","response":{"reason":"token expired","code":109}}]
				> [null,"4","phoenix","refresh",{"token":""}]
				< [null,"4","phoenix","phx_reply",{"status":"error","response":{"reason":"bad request","code":107,"hint":"send {\"token\":\"…\"}"}}]
				> [null,"5","phoenix","refresh",{"token":"`+s.sign(auth.Claims{User: "ann"}, 3*unit)+`"}]
				< [null,"5","phoenix","phx_reply",{"status":"ok","response":{"ttl":"…"}}]`)
			ends(t, dies, 3005, begun, unit)
			play(t, lives, `
				> [null,"6","phoenix","heartbeat",{}]
				< [null,"6","phoenix","phx_reply",{"status":"ok","response":{}}]`)
			ends(t, lives, 3005, begun, 3*unit)
			hour := s.connect(s.sign(auth.Claims{User: "ann"}, 0))
			hour.Text(`[null,"1","phoenix","refresh",{"token":"` + s.sign(auth.Claims{User: "ann"}, time.Hour) + `"}]`)
			if m := string(hour.Message().Data); !regexp.MustCompile(`"ttl":3(600|59\d)}`).MatchString(m) { // seconds
				t.Error(m)
			}
			hour.Bye()
			forever := s.connect(s.sign(auth.Claims{User: "ann"}, unit))
			play(t, forever, `
				> [null,"1","phoenix","refresh",{"token":"`+s.sign(auth.Claims{User: "ann"}, 0)+`"}]
				< [null,"1","phoenix","phx_reply",{"status":"ok","response":{}}]`)
			time.Sleep(unit + unit/2)
			forever.Bye()
		})
	})
}

// TestLateToken: who is let in without a token may do nothing before it sends one,
// and must do so in time.
func TestLateToken(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		tries.Longer(t, 500*time.Millisecond, func(t testing.TB, unit time.Duration) {
			s := startTokens(t, kind, unit)
			begun := time.Now()
			never, late := gatewaytest.Connect(t, s.Addr(), target), gatewaytest.Connect(t, s.Addr(), target+"&user_id=ann")
			play(t, late, `
				> ["1","1","open:1","phx_join",{}]
				< ["1","1","open:1","phx_reply",{"status":"error","response":{"reason":"unauthorized","code":101}}]
				> [null,"2","phoenix","refresh",{"token":"`+s.sign(auth.Claims{User: "ann", Channels: []string{"token:1"}}, 0)+`"}]
				< [null,"2","phoenix","phx_reply",{"status":"ok","response":{}}]
				> ["3","3","users:1","phx_join",{}]
				< ["3","3","users:1","phx_reply",{"status":"ok","response":{}}]
				> ["4","4","token:1","phx_join",{}]
				< ["4","4","token:1","phx_reply",{"status":"ok","response":{}}]
				> ["5","5","token:2","phx_join",{}]
				< ["5","5","token:2","phx_reply",{"status":"error","response":{"reason":"permission denied","code":103}}]`)
			ends(t, never, 3502, begun, unit)
			late.Bye()
			if status := s.status(target + "&token=x.y.z"); status != 403 { // a bad token is no missing one
				t.Errorf("a bad token: %d", status)
			}
		})
	})
}

// TestChannelToken: a join with a token of the channel, which ends when the token
// does, and can be made anew.
func TestChannelToken(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		tries.Longer(t, 400*time.Millisecond, func(t testing.TB, unit time.Duration) {
			s := startTokens(t, kind, 0)
			c := s.connect(s.sign(auth.Claims{User: "ann"}, 0))
			join := func(ref, channel, token string) string {
				return fmt.Sprintf(`> ["%s","%s","%s","phx_join",{"token":"%s"}]`, ref, ref, channel, token) + "\n"
			}
			short := auth.Claims{User: "ann", Channel: "token:1", Publish: true}
			begun := time.Now()
			play(t, c, `
				> ["1","1","token:1","phx_join",{}]
				< ["1","1","token:1","phx_reply",{"status":"error","response":{"reason":"permission denied","code":103}}]
				`+join("2", "token:1", s.sign(auth.Claims{User: "bob", Channel: "token:1"}, 0))+`
				< ["2","2","token:1","phx_reply",{"status":"error","response":{"reason":"permission denied","code":103}}]
				`+join("3", "token:2", s.sign(short, 0))+`
				< ["3","3","token:2","phx_reply",{"status":"error","response":{"reason":"permission denied","code":103}}]
				`+join("4", "token:1", s.sign(short, -time.Minute))+`
				< ["4","4","token:1","phx_reply",{"status":"error","response":{"reason":"token expired","code":109}}]
				`+join("5", "open:1", "x.y.z")+`
				< ["5","5","open:1","phx_reply",{"status":"error","response":{"reason":"unauthorized","code":101}}]
				`+join("6", "token:1", s.sign(short, unit))+`
				< ["6","6","token:1","phx_reply",{"status":"ok","response":{}}]
				> ["6","7","token:1","say",{"n":1}]
				< [null,null,"token:1","say",{"n":1}]
				< ["6","7","token:1","phx_reply",{"status":"ok","response":{}}]
				< ["6","6","token:1","phx_error",{"reason":"subscription expired","code":2501}]`)
			if took := time.Since(begun); took < unit {
				t.Errorf("expired after %v", took)
			}
			short.Publish = false
			play(t, c, join("8", "token:1", s.sign(short, time.Hour))+`
				< ["8","8","token:1","phx_reply",{"status":"ok","response":{}}]
				> ["8","9","token:1","say",{"n":1}]
				< ["8","9","token:1","phx_reply",{"status":"error","response":{"reason":"permission denied","code":103}}]`)
			c.Bye()
		})
	})
}

// TestTokenChannels: a client is subscribed to what its token names when it
// connects; a join takes over silently.
func TestTokenChannels(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		s := startTokens(t, kind, 0)
		listener := s.connect(s.sign(auth.Claims{User: "ann", Channels: []string{"token:1", "nowhere:1"}}, 0))
		speaker := s.connect(s.sign(auth.Claims{User: "bob", Subs: map[string]auth.Sub{"token:1": {Publish: true}}}, 0))
		play(t, speaker, `
			> ["1","1","token:1","say",{"n":0}]
			< [null,"1","token:1","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]
			> ["1","2","token:1","phx_join",{}]
			< ["1","2","token:1","phx_reply",{"status":"ok","response":{}}]
			> ["1","3","token:1","say",{"n":1}]
			< [null,null,"token:1","say",{"n":1}]
			< ["1","3","token:1","phx_reply",{"status":"ok","response":{}}]`)
		play(t, listener, `
			< [null,null,"token:1","say",{"n":1}]
			> ["9","9","token:1","phx_join",{}]
			< ["9","9","token:1","phx_reply",{"status":"ok","response":{}}]
			> ["9","10","token:1","phx_leave",{}]
			< ["9","10","token:1","phx_reply",{"status":"ok","response":{}}]
			< ["9","9","token:1","phx_close",{}]`)
		listener.Bye()
		speaker.Bye()
	})
}

// TestTokenCaptured: what a token said goes over to another process: the identity,
// its end, the grants of subscriptions and theirs.
func TestTokenCaptured(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		tries.Longer(t, 700*time.Millisecond, func(t testing.TB, unit time.Duration) {
			s, next := startTokens(t, kind, time.Hour), startTokens(t, kind, time.Hour)
			begun := time.Now()
			c := s.connect(s.sign(auth.Claims{User: "ann", Info: []byte(`{"a":1}`), Channels: []string{"token:9"}}, 2*unit))
			late := gatewaytest.Connect(t, s.Addr(), target)
			play(t, c, `
				> ["1","1","token:1","phx_join",{"token":"`+s.sign(auth.Claims{User: "ann", Channel: "token:1"}, unit)+`"}]
				< ["1","1","token:1","phx_reply",{"status":"ok","response":{}}]`)
			if n := move(t, s.Server, next.Server); n != 2 {
				t.Fatalf("%d were moved", n)
			}
			play(t, c, `
				> [null,"2","phoenix","refresh",{"token":"`+s.sign(auth.Claims{User: "bob"}, 0)+`"}]
				< [null,"2","phoenix","phx_reply",{"status":"error","response":{"reason":"unauthorized","code":101}}]
				< ["1","1","token:1","phx_error",{"reason":"subscription expired","code":2501}]`)
			play(t, late, `
				> ["1","1","open:1","phx_join",{}]
				< ["1","1","open:1","phx_reply",{"status":"error","response":{"reason":"unauthorized","code":101}}]`)
			ends(t, c, 3005, begun, 2*unit)
			late.Bye()
		})
	})
}

// moving is the task that captures the connections of a loop.
type moving struct {
	from *gatewaytest.Server
	take func(state []byte, nc net.Conn, err error)
	over chan struct{}
}

func (m *moving) Run(index int) {
	for slot := range uint32(8) {
		for gen := range uint32(64) {
			if c := m.from.Engine().Lookup(throng.Ref{Loop: uint16(index), Slot: slot, Gen: gen}); c != nil {
				m.take(gateway.Capture(c))
			}
		}
	}
	close(m.over)
}

// move takes all connections of one server to another one.
func move(t testing.TB, from, to *gatewaytest.Server) (n int) {
	for i := range from.Engine().Loops() {
		m := &moving{from: from, over: make(chan struct{}), take: func(state []byte, nc net.Conn, err error) {
			if err == nil {
				err = to.Gateway().Restore(nc, state)
			}
			if err != nil {
				t.Errorf("moving: %v", err)
			}
			n++
		}}
		from.Engine().Mailbox(i).Post(m)
		<-m.over
	}
	return n
}

// TestTokenLimits: a token longer than is allowed is refused wherever it comes.
func TestTokenLimits(t *testing.T) {
	s := startTokens(t, "auto", time.Minute)
	c := gatewaytest.Connect(t, s.Addr(), target)
	long := s.sign(auth.Claims{User: "ann", Info: []byte(`"` + strings.Repeat("x", 13<<10) + `"`)}, 0)
	c.Raw(c.Frame(websocket.OpText, []byte(`[null,"1","phoenix","refresh",{"token":"`+long+`"}]`)))
	play(t, c, `< [null,"1","phoenix","phx_reply",{"status":"error","response":{"reason":"unauthorized","code":101}}]`)
	c.Bye()
}
