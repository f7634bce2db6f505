package clients

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"throng/test/process"
)

// TestRealClientsWithTokens runs phoenix npm clients on a server that checks tokens,
// which a backend in JavaScript makes. Its log, at its most talkative, has none.
func TestRealClientsWithTokens(t *testing.T) {
	t.Parallel()
	requireTools(t)
	const secret = "0123456789abcdef0123456789abcdef"
	dir := t.TempDir()
	config, secretFile := filepath.Join(dir, "throng.toml"), filepath.Join(dir, "secret")
	for path, text := range map[string]string{
		secretFile: secret + "\n",
		config: `[http]
allowed_origins = ["*"]
[auth]
leeway = "0s"
[[namespace]]
name = "users"
[[namespace]]
name = "secret"
subscribe = "token"
publish = "token"
client_events = "broadcast"
`,
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := process.Start(t, process.Build(t, "./cmd/throng"), "serve", "--config", config, "--set", "auth.hmac_secret_file="+secretFile, "--log-level", "debug")
	runScriptIn(t, []string{"SECRET=" + secret}, "tokens.mjs", "http://"+s.Public())
	if log := s.Log(); strings.Contains(log, "eyJ") || strings.Contains(log, secret) || !strings.Contains(log, "token not accepted") {
		t.Errorf("log: %s", log)
	}
}
