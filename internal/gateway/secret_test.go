package gateway_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"throng/internal/auth"
	"throng/internal/gateway/gatewaytest"
)

// journal is a log that tests can read while it is written.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

// TestSecretsStayOut: tokens and the server's own secret, wherever clients put them and whatever becomes of
// their requests, are in no line of the log at its most talkative, and in no
// metric.
func TestSecretsStayOut(t *testing.T) {
	const secret = "TOKEN0123456789SECRET"
	coded := base64.RawURLEncoding.EncodeToString([]byte(secret))
	gatewaytest.EachFront(t, func(t *testing.T, front string) {
		var log journal
		o := gatewaytest.Options(front)
		o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		o.Config.Internal = "127.0.0.1:0"
		o.Config.HTTP.AllowedOrigins = nil
		o.Config.Limits.ConnectsPerMinutePerAddress = 100
		o.Config.Auth.HMACSecret, o.Config.Auth.Anonymous = "its own "+secret+" of 32 bytes", true
		signer, err := auth.NewSigner([]byte(o.Config.Auth.HMACSecret), "")
		if err != nil {
			t.Fatal(err)
		}
		signed, err := signer.Named(secret).Sign(map[string]any{"sub": secret, "jti": secret, "channels": []string{"room:" + secret}})
		if err != nil {
			t.Fatal(err)
		}
		odd, err := signer.Sign(map[string]any{"sub": secret, "info": strings.Repeat(secret, 200)})
		if err != nil {
			t.Fatal(err)
		}
		s := gatewaytest.Start(t, o)
		query := "token=" + secret + "&user_id=" + secret
		upgrade := func(target string, headers ...string) string {
			return string(gatewaytest.Handshake(target, headers...))
		}
		for _, request := range []string{
			upgrade("/socket/websocket?vsn=2.0.0&" + query),
			upgrade("/socket/websocket?vsn=9.9&" + query),
			upgrade("/socket/websocket?vsn=2.0.0&"),
			upgrade("/socket/websocket?vsn=2.0.0&token=" + signed),
			upgrade("/socket/websocket?vsn=2.0.0&token=" + odd),
			upgrade("/nowhere/" + secret + "?" + query),
			upgrade("/socket/websocket?"+query, "Origin: https://evil.example"),
			upgrade("/socket/websocket?vsn=2.0.0", "Sec-WebSocket-Protocol: phoenix, base64url.bearer.phx."+coded),
			upgrade("/socket/websocket?vsn=2.0.0", "Sec-WebSocket-Protocol: "+secret),
			upgrade("/socket/websocket?"+query, "X-Long: "+strings.Repeat("x", 20<<10)),
			strings.Replace(upgrade("/socket/websocket?"+query), "Version: 13", "Version: 7", 1),
			"GET /socket/longpoll?vsn=2.0.0&" + query + " HTTP/1.1\r\nHost: a\r\nX-Phoenix-AuthToken: " + secret + "\r\n\r\n",
			"GET /socket/longpoll?vsn=2.0.0&" + query + " HTTP/1.1\r\nHost: a\r\nOrigin: https://evil.example\r\n\r\n",
			"POST /socket/longpoll?" + query + " HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
			"GET /events?channel=a&" + query + "&subscription=" + secret + "&last_event_id=" + secret + " HTTP/1.1\r\nHost: a\r\n\r\n",
			"GET /events?" + query + " HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + secret + "\r\nOrigin: https://evil.example\r\n\r\n",
			"GET /events?" + query + "&channel=@" + secret + " HTTP/1.1\r\nHost: a\r\nLast-Event-ID: " + secret + "\r\n\r\n",
			"GET /poll?channel=hist:a&" + query + "&subscription=" + secret + " HTTP/1.1\r\nHost: a\r\n\r\n",
			"GET /poll?" + query + " HTTP/1.1\r\nHost: a\r\nHost: " + secret + "\r\nAuthorization: Bearer " + secret + "\r\n\r\n",
			"GET /?" + query + " HTTP/1.1\r\nHost: a\r\n\r\n",
			"GET /?" + query + " HTTP/9.9\r\nHost: a\r\n\r\n",
			"GET /" + secret + " \x00 HTTP/1.1\r\nAuthorization: Bearer " + secret + "\r\nno colon " + secret + "\r\n\r\n",
			secret + " " + secret + "\r\n\r\n",
		} {
			c := gatewaytest.Dial(t, s.Addr())
			c.Raw([]byte(request))
			_, _, _ = c.Response("GET")
			if strings.Contains(request, "2.0.0") && strings.Contains(request, "Upgrade") {
				for _, token := range []string{secret, signed, odd} {
					c.Raw(c.Frame(1, []byte(`["1","1","room:1","phx_join",{"token":"`+token+`"}]`)))
					c.Raw(c.Frame(1, []byte(`[null,"1","phoenix","refresh",{"token":"`+token+`"}]`)))
				}
				c.Raw(c.Frame(1, []byte(`not even JSON `+secret)))
				c.Closed()
			}
		}
		r, err := http.Get("http://" + s.Internal().String() + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		metrics, err := io.ReadAll(r.Body)
		_ = r.Body.Close()
		http.DefaultClient.CloseIdleConnections()
		s.Stop(t)
		for name, text := range map[string]string{"log": log.String(), "metrics": string(metrics)} {
			if len(text) < 200 || err != nil {
				t.Fatalf("%s: only %q, %v", name, text, err)
			}
			for _, hidden := range []string{secret, coded, signed[:40], signed[len(signed)-20:], odd[:40], base64.RawURLEncoding.EncodeToString([]byte(signed))[:40]} {
				if i := strings.Index(text, hidden); i >= 0 {
					t.Errorf("a secret is in the %s: %q", name, text[max(0, i-200):min(len(text), i+40)])
				}
			}
			if name == "log" && (!strings.Contains(text, "token not accepted") || !strings.Contains(text, "info is larger")) {
				t.Error("the log does not say why tokens were refused")
			}
		}
	})
}
