package server_test

import (
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"throng/internal/auth"
	"throng/internal/config"
	"throng/internal/gateway/gatewaytest"
	"throng/internal/server"
)

const (
	firstSecret  = "0123456789abcdef0123456789abcdef"
	secondSecret = "fedcba9876543210fedcba9876543210"
)

// syncBuffer is a log that is read while it is written.
type syncBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// status is how an upgrade with a token is answered.
func status(t *testing.T, s *running, query string) int {
	t.Helper()
	c := gatewaytest.Dial(t, s.Public()[0])
	defer c.Close()
	c.Raw(gatewaytest.Handshake("/socket/websocket?vsn=2.0.0&" + query))
	code, _, _ := c.Response("GET")
	return code
}

func signed(t *testing.T, secret string) string {
	t.Helper()
	signer, err := auth.NewSigner([]byte(secret), "")
	if err != nil {
		t.Fatal(err)
	}
	token, err := signer.Sign(auth.Claims{User: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	return "token=" + url.QueryEscape(token)
}

// TestReloadKeys: keys and rules for the tokenless change while the server runs; what
// can't is said; after an error all is as it was.
func TestReloadKeys(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	put := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(firstSecret)
	var log syncBuffer
	set := map[string]string{"auth.hmac_secret_file": file}
	s := start(t, server.Options{Config: configured(t, set), Log: slog.New(slog.NewTextHandler(&log, nil))})
	want := func(what string, first, second, none int) {
		t.Helper()
		got := [3]int{status(t, s, signed(t, firstSecret)), status(t, s, signed(t, secondSecret)), status(t, s, "user_id=ann")}
		if got != [3]int{first, second, none} {
			t.Errorf("%s: %v", what, got)
		}
	}
	reload := func(more map[string]string) error {
		all := map[string]string{}
		for _, m := range []map[string]string{set, more} {
			for k, v := range m {
				all[k] = v
			}
		}
		return s.Reload(configured(t, all))
	}
	want("at first", 101, 403, 403)
	put(secondSecret)
	want("a file alone changes nothing", 101, 403, 403)
	if err := reload(nil); err != nil {
		t.Fatal(err)
	}
	want("the new secret", 403, 101, 403)
	if err := reload(map[string]string{"auth.hmac_previous_secret": firstSecret, "auth.anonymous": "true", "engine.drain": "1ms"}); err != nil {
		t.Fatal(err)
	}
	want("both, and anonymous ones", 101, 101, 101)
	put("short")
	if err := reload(nil); err == nil {
		t.Error("a short secret was taken")
	}
	want("after an error", 101, 101, 101)
	if err := s.Reload(configured(t, nil)); err != nil { // without keys everybody is anonymous
		t.Fatal(err)
	}
	want("no keys", 101, 101, 101)
	text := log.String()
	for _, line := range []string{`changed="[auth.hmac_previous_secret auth.anonymous]"`, `restart" node=`, `settings=[engine.drain]`} {
		if !strings.Contains(text, line) {
			t.Errorf("the log has no %s:\n%s", line, text)
		}
	}
	if strings.Contains(text, firstSecret) || strings.Contains(text, secondSecret) {
		t.Error("a secret is in the log")
	}
}

// TestTokenMetrics: what becomes of tokens is counted, where there are keys.
func TestTokenMetrics(t *testing.T) {
	s := start(t, server.Options{Config: configured(t, map[string]string{"auth.hmac_secret": firstSecret})})
	status(t, s, signed(t, firstSecret))
	status(t, s, signed(t, secondSecret))
	_, _, text := get(t, s.Internal(), "/metrics")
	for _, line := range []string{`throng_tokens_total{outcome="accepted"} 1`, `throng_tokens_total{outcome="refused"} 1`, "throng_token_revocations 0"} {
		if !strings.Contains(text, line) {
			t.Errorf("no %s", line)
		}
	}
}

// TestDevUser: in development the parameter counts, until there are keys.
func TestDevUser(t *testing.T) {
	dev := func(set map[string]string) *config.Config {
		set["dev"] = "true"
		return configured(t, set)
	}
	for _, test := range []struct {
		set  map[string]string
		want int
	}{{map[string]string{}, 101}, {map[string]string{"auth.hmac_secret": firstSecret}, 403}, {map[string]string{"auth.hmac_secret": firstSecret, "auth.anonymous": "true"}, 101}} {
		s := start(t, server.Options{Config: dev(test.set)})
		if got := status(t, s, "user_id=ann"); got != test.want {
			t.Errorf("%v: %d", test.set, got)
		}
	}
}
