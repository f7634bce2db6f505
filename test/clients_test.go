// Package clients tests a built throng with the clients that people have: the
// phoenix npm client, a bare WebSocket, a browser. Run it with -count=1: go test
// does not see what the program and the scripts are made of, and would answer
// from its cache.
package clients

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"throng/internal/gateway/gatewaytest"
	"throng/test/process"
)

const (
	scriptTimeout = 4 * time.Minute
	stopTimeout   = time.Minute
)

func TestRealClients(t *testing.T) {
	t.Parallel()
	requireTools(t)
	s := process.Start(t, process.Build(t, "./cmd/throng"), "demo")
	for _, script := range []string{"chat.mjs", "raw-v1.mjs", "browser.mjs", "events.mjs"} {
		t.Run(script, func(t *testing.T) {
			runScript(t, script, "http://"+s.Public())
		})
	}
	if err := s.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code, err := s.Wait(stopTimeout); err != nil || code != 0 {
		t.Fatalf("after SIGTERM: exit code %d, %v", code, err)
	}
}

// TestRealClientsOverTLS runs them on throng's own TLS. The browser gets the page
// over HTTP/2.
func TestRealClientsOverTLS(t *testing.T) {
	t.Parallel()
	requireTools(t)
	cert, key := gatewaytest.Certificate(t)
	s := process.Start(t, process.Build(t, "./cmd/throng"), "demo",
		"--set", "tls.listen=127.0.0.1:0", "--set", "tls.cert_files="+cert, "--set", "tls.key_files="+key,
		"--set", "websocket.compression=true", "--set", "phoenix.longpoll_window=5s")
	for _, script := range []string{"chat.mjs", "raw-v1.mjs", "longpoll.mjs", "browser.mjs", "events.mjs"} {
		t.Run(script, func(t *testing.T) {
			runScriptIn(t, []string{"NODE_EXTRA_CA_CERTS=" + cert}, script, "https://"+s.Secured())
		})
	}
}

// TestBackend runs a library for the Centrifugo server API as the backend of a phoenix
// client.
func TestBackend(t *testing.T) {
	t.Parallel()
	requireTools(t)
	s := process.Start(t, process.Build(t, "./cmd/throng"), "serve", "--dev")
	runScript(t, "backend.mjs", "http://"+s.Public(), "http://"+s.Internal())
}

// TestDeadlines runs phoenix clients that count down.
func TestDeadlines(t *testing.T) {
	requireTools(t)
	s := process.Start(t, process.Build(t, "./cmd/throng"), "serve", "--dev")
	runScript(t, "deadlines.mjs", "http://"+s.Public(), "http://"+s.Internal())
}

// TestPresence runs the Presence class of the phoenix client.
func TestPresence(t *testing.T) {
	t.Parallel()
	requireTools(t)
	s := process.Start(t, process.Build(t, "./cmd/throng"), "serve", "--dev")
	runScript(t, "presence.mjs", "http://"+s.Public())
}

// TestState runs the map that a user's screens share.
func TestState(t *testing.T) {
	requireTools(t)
	example, err := os.ReadFile("shared_state.mjs")
	if err != nil {
		t.Fatal(err)
	}
	if page, err := os.ReadFile("../docs/users.md"); err != nil || !strings.Contains(string(page), string(example)) {
		t.Errorf("docs/users.md (%v) has another example than the one that is run, shared_state.mjs", err)
	}
	s := process.Start(t, process.Build(t, "./cmd/throng"), "serve", "--dev", "--set", "limits.messages_per_second=20")
	runScript(t, "state.mjs", "http://"+s.Public(), "http://"+s.Internal())
}

// TestWatching runs a page that says over an event stream what it shows.
func TestWatching(t *testing.T) {
	requireTools(t)
	settings := filepath.Join(t.TempDir(), "throng.toml")
	if err := os.WriteFile(settings, []byte(`
[visits]
grace = "0s"
beat = "100ms"
[[namespace]]
name = "show"
subscribe = "anybody"
watch = "exclusive"
`), 0o600); err != nil {
		t.Fatal(err)
	}
	s := process.Start(t, process.Build(t, "./cmd/throng"), "serve", "--dev", "--config", settings)
	runScript(t, "watch.mjs", "http://"+s.Public(), "http://"+s.Internal())
}

// requireTools fails rather than skips: a green run must mean that the clients ran.
func requireTools(t *testing.T) {
	t.Helper()
	const hint = "run make setup"
	if _, err := exec.LookPath("node"); err != nil {
		t.Fatalf("node is missing (%v): %s", err, hint)
	}
	for _, module := range []string{"phoenix", "ws", "playwright-core", "cent.js", "eventsource"} {
		if _, err := os.Stat(filepath.Join("node_modules", module, "package.json")); err != nil {
			t.Fatalf("node module %s is missing (%v): %s", module, err, hint)
		}
	}
	browser := os.Getenv("CHROMIUM")
	if browser == "" {
		browser = "/usr/bin/chromium"
	}
	if _, err := exec.LookPath(browser); err != nil {
		t.Fatalf("chromium is missing (%v): %s, or set CHROMIUM", err, hint)
	}
}

func runScript(t *testing.T, script string, args ...string) {
	t.Helper()
	runScriptIn(t, nil, script, args...)
}

// runScriptIn runs one with more variables in its environment.
func runScriptIn(t *testing.T, env []string, script string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), scriptTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", append([]string{script}, args...)...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // lets playwright end its browser
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.CombinedOutput()
	t.Logf("node %s %s\n%s", script, strings.Join(args, " "), out)
	if ctx.Err() != nil {
		t.Fatalf("node %s: not done after %v", script, scriptTimeout)
	}
	if err != nil {
		t.Fatalf("node %s: %v", script, err)
	}
}
