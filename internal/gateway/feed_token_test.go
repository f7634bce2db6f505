package gateway_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"throng/internal/config"
	"throng/internal/gateway/gatewaytest"
)

const hmacSecret = "a secret of more than 32 bytes, for tests only"

// signed is a token with these claims.
func signed(claims string) string {
	text := tokenEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + tokenEncoding.EncodeToString([]byte(claims))
	mac := hmac.New(sha256.New, []byte(hmacSecret))
	mac.Write([]byte(text))
	return text + "." + tokenEncoding.EncodeToString(mac.Sum(nil))
}

// TestFeedTokens: a client has the channels that its tokens name, whichever way it
// sends them, and no others; and loses them when they run out.
func TestFeedTokens(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, front string) {
		o := gatewaytest.Options(front)
		o.Config.Users.Subscribe = false
		o.Config.Auth.HMACSecret, o.Config.Auth.Anonymous = hmacSecret, false
		o.Config.Namespaces = append(o.Config.Namespaces, config.Namespace{
			Name: "own", Subscribe: "token", HistorySize: 10, HistoryTTL: time.Minute, SlowPolicy: "disconnect",
		})
		s := gatewaytest.Start(t, o)
		ann := signed(`{"sub":"ann"}`)
		later := time.Now().Add(time.Hour).Unix()
		for _, test := range []struct {
			query string
			want  string
		}{
			{"channel=own:a", "403"},
			{"channel=own:a&token=rubbish", "403"},
			{"channel=own:a&token=" + signed(`{"sub":"ann","exp":1}`), "403"},
			{"channel=own:a&token=" + ann, "403"},
			{"channel=own:a&token=" + ann + "x", "403"},
			{"channel=a&channel=own:a&token=" + ann, "[refused own:a subscribed a]"},
			{"token=" + signed(`{"sub":"ann","channels":["own:a","own:b"]}`), "[subscribed own:a subscribed own:b]"},
			{"channel=own:b&token=" + signed(`{"sub":"ann","channels":["own:a","own:b"]}`), "[subscribed own:b subscribed own:a]"},
			{"channel=own:a&token=" + ann + "&subscription=" + signed(fmt.Sprintf(`{"sub":"ann","channel":"own:a","exp":%d}`, later)), "[subscribed own:a]"},
			{"token=" + ann + "&subscription=" + signed(`{"sub":"ann","channel":"own:a"}`) + "&subscription=" + signed(`{"sub":"ann","channel":"own:b"}`), "[subscribed own:a subscribed own:b]"},
			{"token=" + ann + "&subscription=" + signed(`{"sub":"bob","channel":"own:a"}`), "403"},
			{"token=" + ann + "&subscription=" + signed(`{"sub":"ann","channel":"own:a"}`) + "x", "401"},
		} {
			l := get(t, s, "/events?"+test.query)
			if l.head.StatusCode != 200 {
				if got := fmt.Sprint(l.head.StatusCode); got != test.want {
					t.Errorf("%s: %s, want %s", test.query, got, test.want)
				}
				l.Close()
				continue
			}
			var got []string
			for range strings.Count(test.want, " ")/2 + 1 {
				var b beginning
				e, err := l.next()
				if err != nil {
					t.Fatal(err)
				}
				decode(t, e.data, &b)
				got = append(got, e.kind, b.Channel)
			}
			if fmt.Sprint(got) != test.want {
				t.Errorf("%s: %v, want %s", test.query, got, test.want)
			}
			l.Close()
		}
		c := get(t, s, "/poll?channel=own:a&subscription="+signed(`{"sub":"ann","channel":"own:a"}`), "Authorization: Bearer "+ann)
		if c.head.StatusCode != 200 {
			t.Errorf("%+v", c.head)
		}
		c.Close()
		if c := get(t, s, "/poll?channel=own:a", "Authorization: Bearer "+ann); c.head.StatusCode != 403 {
			t.Errorf("%+v", c.head)
		}
	})
}
