// Package clients tests a built throng with the clients that people have: the
// phoenix npm client, a bare WebSocket, a browser. Run it with -count=1: go test
// does not see what the program and the scripts are made of, and would answer
// from its cache.
package clients

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	startTimeout  = 15 * time.Second
	scriptTimeout = 2 * time.Minute
	stopTimeout   = 15 * time.Second
)

func TestRealClients(t *testing.T) {
	requireTools(t)
	s := start(t, build(t))
	s.waitReady(t)
	for _, script := range []string{"chat.mjs", "raw-v1.mjs", "browser.mjs"} {
		t.Run(script, func(t *testing.T) {
			runScript(t, script, "http://"+s.address("public"))
		})
	}
	s.stop(t)
}

// requireTools fails rather than skips: a green run must mean that the clients ran.
func requireTools(t *testing.T) {
	t.Helper()
	const hint = "run make setup"
	if _, err := exec.LookPath("node"); err != nil {
		t.Fatalf("node is missing (%v): %s", err, hint)
	}
	for _, module := range []string{"phoenix", "ws", "playwright-core"} {
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

func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "throng")
	cmd := exec.Command("go", "build", "-o", binary, "./cmd/throng")
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build ./cmd/throng: %v\n%s", err, out)
	}
	return binary
}

func runScript(t *testing.T, script, url string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), scriptTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", script, url)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // lets playwright end its browser
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.CombinedOutput()
	t.Logf("node %s %s\n%s", script, url, out)
	if ctx.Err() != nil {
		t.Fatalf("node %s: not done after %v", script, scriptTimeout)
	}
	if err != nil {
		t.Fatalf("node %s: %v", script, err)
	}
}

// server is one `throng demo` process and what its log has said so far.
type server struct {
	cmd    *exec.Cmd
	exited chan struct{} // closed once waitErr is set
	ready  chan struct{} // closed once both listeners are known

	waitErr error

	mu        sync.Mutex
	listeners map[string]string // "public", "internal" → address
	log       bytes.Buffer
}

func start(t *testing.T, binary string) *server {
	t.Helper()
	s := &server{
		cmd: exec.Command(binary, "demo",
			"--listen", "127.0.0.1:0", "--internal", "127.0.0.1:0", "--log-format", "json"),
		exited:    make(chan struct{}),
		ready:     make(chan struct{}),
		listeners: make(map[string]string),
	}
	s.cmd.Dir = t.TempDir()
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		s.readLog(stderr) // Wait closes the pipe: all must be read before
		s.waitErr = s.cmd.Wait()
		close(s.exited)
	}()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		<-s.exited
		if t.Failed() {
			t.Logf("log of throng:\n%s", s.logged())
		}
	})
	select {
	case <-s.ready:
	case <-s.exited:
		t.Fatalf("throng demo ended at once: %v", s.waitErr)
	case <-time.After(startTimeout):
		t.Fatalf("throng demo named no listeners within %v", startTimeout)
	}
	return s
}

func (s *server) readLog(r io.Reader) {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		s.note(line)
		if err != nil {
			return
		}
	}
}

func (s *server) note(line []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log.Write(line)
	var entry struct{ Msg, Address, Listener string }
	if json.Unmarshal(line, &entry) != nil || entry.Msg != "listening" || len(s.listeners) == 2 {
		return
	}
	s.listeners[entry.Listener] = entry.Address
	if s.listeners["public"] != "" && s.listeners["internal"] != "" {
		close(s.ready)
	}
}

func (s *server) address(listener string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.listeners[listener]
}

func (s *server) logged() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

func (s *server) waitReady(t *testing.T) {
	t.Helper()
	url := fmt.Sprintf("http://%s/ready", s.address("internal"))
	client := http.Client{Timeout: time.Second}
	defer client.CloseIdleConnections()
	last := errors.New("not asked")
	for end := time.Now().Add(startTimeout); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		response, err := client.Get(url)
		if err != nil {
			last = err
			continue
		}
		response.Body.Close()
		if response.StatusCode == http.StatusOK {
			return
		}
		last = errors.New(response.Status)
	}
	t.Fatalf("%s: not ready within %v: %v", url, startTimeout, last)
}

// stop asks for an orderly end and expects exit code 0.
func (s *server) stop(t *testing.T) {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatalf("SIGTERM: %v", err)
	}
	select {
	case <-s.exited:
	case <-time.After(stopTimeout):
		t.Fatalf("throng did not end within %v of SIGTERM", stopTimeout)
	}
	if s.waitErr != nil {
		t.Errorf("after SIGTERM: %v, want exit code 0", s.waitErr)
	}
}
