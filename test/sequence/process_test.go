package sequence

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// process is a `throng serve --dev`.
type process struct {
	cmd     *exec.Cmd
	addr    string
	exited  chan struct{} // closed once waitErr is set
	waitErr error

	mu  sync.Mutex
	log bytes.Buffer
}

func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "throng")
	cmd := exec.Command("go", "build", "-o", binary, "./cmd/throng")
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build ./cmd/throng: %v\n%s", err, out)
	}
	return binary
}

// wideHistory is a configuration whose window is never too small.
func wideHistory(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "throng.toml")
	const text = "[[namespace]]\nname = \"hist\"\nhistory_size = 1000000\nhistory_ttl = \"1h\"\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// startProcess runs the program and waits until it listens.
func startProcess(t *testing.T, binary, addr string, args ...string) *process {
	t.Helper()
	p := &process{exited: make(chan struct{})}
	p.cmd = exec.Command(binary, append([]string{"serve", "--dev", "--listen", addr, "--internal", "", "--log-format", "json"}, args...)...)
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	listens := make(chan string, 1)
	go func() {
		p.read(stderr, listens) // Wait closes the pipe: all must be read before
		p.waitErr = p.cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.exited
		if t.Failed() {
			p.mu.Lock()
			defer p.mu.Unlock()
			t.Logf("log of throng:\n%s", p.log.Bytes())
		}
	})
	select {
	case p.addr = <-listens:
	case <-p.exited:
		t.Fatalf("throng ended at once: %v", p.waitErr)
	case <-time.After(ioTimeout):
		t.Fatal("throng does not listen")
	}
	return p
}

// read takes the program's log and picks the address out of it.
func (p *process) read(r io.Reader, listens chan<- string) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		p.mu.Lock()
		p.log.Write(lines.Bytes())
		p.log.WriteByte('\n')
		p.mu.Unlock()
		var l struct{ Msg, Listener, Address string }
		if json.Unmarshal(lines.Bytes(), &l) == nil && l.Msg == "listening" && l.Listener == "public" {
			listens <- l.Address
		}
	}
}

// end sends a signal and waits for the exit.
func (p *process) end(t *testing.T, sig os.Signal, limit time.Duration) error {
	t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.exited:
	case <-time.After(limit):
		t.Fatalf("throng did not end within %v of %v", limit, sig)
	}
	return p.waitErr
}
