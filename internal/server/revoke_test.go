package server_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"throng/internal/auth"
	"throng/internal/config"
	"throng/internal/server"
)

const (
	secretText = "0123456789abcdef0123456789abcdef"
	apiKey     = "the-key-of-the-api"
)

// token signs claims.
func token(t *testing.T, claims string) string {
	t.Helper()
	signer, err := auth.NewSigner([]byte(secretText), "")
	if err != nil {
		t.Fatal(err)
	}
	s, err := signer.Sign(json.RawMessage(claims))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A token that is taken back ends its connection, and nobody connects with it again.
// Others stay.
func TestRevokeToken(t *testing.T) {
	s := start(t, server.Options{Config: configured(t, map[string]string{
		"auth.hmac_secret": secretText, "api.key": apiKey,
	})})
	url := fmt.Sprintf("http://%s/api/", s.Internal())
	call := func(method, body, want string) {
		t.Helper()
		if status, answer := post(t, url+method, "X-API-Key", apiKey, body); status != 200 || !strings.Contains(answer, want) {
			t.Errorf("%s %s: %d %s, want %s", method, body, status, answer, want)
		}
	}
	now := time.Now().Unix()
	ann := token(t, fmt.Sprintf(`{"sub":"ann","jti":"t1","iat":%d,"channels":["@user:ann"]}`, now-60))
	bob := token(t, fmt.Sprintf(`{"sub":"bob","jti":"t2","iat":%d}`, now-60))
	_, first := dial(t, s.Public()[0], "/socket/websocket?vsn=2.0.0&token="+ann)
	_, second := dial(t, s.Public()[0], "/socket/websocket?vsn=2.0.0&token="+bob)
	call("connections", `{}`, `"user":"ann"`)
	call("publish", `{"user":"ann","data":1}`, `"connections":1`) // the token put her there
	hear(t, first, `[null,null,"@user:ann","message",1]`)

	call("revoke_token", `{}`, `"code":107`)
	call("revoke_token", `{"jti":"t1","user":"ann"}`, `"code":107`)
	call("revoke_token", `{"jti":"t1","expire_at":5}`, `"code":107`)
	call("revoke_token", `{"uid":"t1"}`, `{"result":{"connections":1}}`)
	if code := closeCode(t, first); code != 3500 {
		t.Errorf("closed with %d", code)
	}
	call("revoke_token", `{"user":"bob"}`, `{"result":{"connections":1}}`)
	if code := closeCode(t, second); code != 3500 {
		t.Errorf("closed with %d", code)
	}
	for _, old := range []string{ann, bob} {
		if _, _, body := get(t, s.Public()[0], "/socket/longpoll?vsn=2.0.0&token="+old); body != `{"status":403}` {
			t.Errorf("with a token that was taken back: %s", body)
		}
	}
	call("connections", `{}`, `{"result":{"connections":[]}}`)
	again := token(t, fmt.Sprintf(`{"sub":"bob","jti":"t3","iat":%d}`, time.Now().Unix()+1))
	_, third := dial(t, s.Public()[0], "/socket/websocket?vsn=2.0.0&token="+again)
	call("connections", `{"user":"bob"}`, `"user":"bob"`)
	call("disconnect", `{"user":"bob"}`, `"connections":1`)
	closeCode(t, third)
}

// Keys are taken from their files anew; after an error the old ones stay.
func TestReloadAPIKeys(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	write := func(key string) {
		if err := os.WriteFile(file, []byte(key+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("the-first-key-of-all")
	c := configured(t, nil)
	c.APIKeys = []config.APIKey{{Name: "a", KeyFile: file, Methods: []string{"*"}, Namespaces: []string{"*"}}}
	s := start(t, server.Options{Config: c})
	url := fmt.Sprintf("http://%s/api/info", s.Internal())
	want := func(key string, want int) {
		t.Helper()
		if status, _ := post(t, url, "X-API-Key", key, `{}`); status != want {
			t.Errorf("%s: %d, want %d", key, status, want)
		}
	}
	want("the-first-key-of-all", 200)
	write("short")
	if err := s.Reload(c); err == nil || !strings.Contains(err.Error(), "the key has 5 characters") || strings.Contains(err.Error(), "short") {
		t.Errorf("a short key: %v", err)
	}
	want("the-first-key-of-all", 200)
	write("the-second-key-of-all")
	if err := s.Reload(c); err != nil {
		t.Fatal(err)
	}
	want("the-first-key-of-all", 401)
	want("the-second-key-of-all", 200)
	if _, err := server.New(server.Options{Config: func() *config.Config {
		c := configured(t, nil)
		c.APIKeys = []config.APIKey{{Name: "a", KeyFile: file + ".not", Methods: []string{"*"}, Namespaces: []string{"*"}}}
		return c
	}()}); err == nil {
		t.Error("a server without its key file")
	}
}
