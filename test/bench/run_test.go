//go:build unix

package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"throng/internal/bench/report"
	"throng/test/process"
)

// patience is how long a run may take before the test fails.
const patience = 90 * time.Second

// world is a throng, and the program to measure it with. Each run has one to
// itself: what another one sends to the same channels would be foreign.
type world struct {
	binary string
	server *process.Server
}

func start(t *testing.T, binary string) *world {
	t.Helper()
	return &world{binary, process.Start(t, binary, "serve", "--dev", "--log-level", "info", "--set", "engine.drain=500ms")}
}

// url returns where a scenario has its server: the socket's mount, or all of its URL.
func (w *world) url(scenario string) string {
	switch scenario {
	case "echo":
		return "ws://" + w.server.Public() + "/echo"
	case "connect":
		return "ws://" + w.server.Public() + "/socket/websocket"
	}
	return "ws://" + w.server.Public() + "/socket"
}

// run is a run of the program.
type run struct {
	t       *testing.T
	cmd     *exec.Cmd
	path    string // of the report
	out     bytes.Buffer
	watched sync.WaitGroup

	mu  sync.Mutex
	err bytes.Buffer
}

// begin starts throng bench with arguments, and has the report written as JSON.
func (w *world) begin(t *testing.T, args ...string) *run {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	r := &run{t: t, path: filepath.Join(t.TempDir(), "report.json")}
	args = append(append([]string{"bench"}, args...), "--json", r.path)
	r.cmd = exec.CommandContext(ctx, w.binary, args...)
	r.cmd.Cancel = func() error {
		t.Errorf("throng %s is not done after %v", strings.Join(args, " "), patience)
		return r.cmd.Process.Kill()
	}
	r.cmd.Stdout = &r.out
	stderr, err := r.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r.watched.Go(func() {
		b := make([]byte, 4096)
		for {
			n, err := stderr.Read(b)
			r.mu.Lock()
			r.err.Write(b[:n])
			r.mu.Unlock()
			if err != nil {
				return
			}
		}
	})
	return r
}

func (r *run) stderr() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err.String()
}

// await waits until the program has said something on stderr.
func (r *run) await(text string) {
	r.t.Helper()
	for end := time.Now().Add(patience); !strings.Contains(r.stderr(), text); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			r.t.Fatalf("it never said %q: %s", text, r.stderr())
		}
	}
}

// end waits for the program's end and returns its exit code.
func (r *run) end() int {
	r.t.Helper()
	r.watched.Wait()
	_ = r.cmd.Wait()
	code := r.cmd.ProcessState.ExitCode()
	r.t.Logf("%s: exit %d\n%s%s", strings.Join(r.cmd.Args[1:], " "), code, r.out.String(), r.stderr())
	return code
}

// report returns what was written.
func (r *run) report() *report.Report {
	r.t.Helper()
	b, err := os.ReadFile(r.path)
	if err != nil {
		r.t.Fatal(err)
	}
	var found report.Report
	if err := json.Unmarshal(b, &found); err != nil {
		r.t.Fatal(err)
	}
	return &found
}

// sound wants a run to have found nothing wrong.
func (r *run) sound() *report.Report {
	r.t.Helper()
	if code := r.end(); code != 0 {
		r.t.Fatalf("exit code %d", code)
	}
	found := r.report()
	if found.Checks.Bad() > 0 || len(found.Failures) > 0 {
		r.t.Errorf("%+v %v", found.Checks, found.Failures)
	}
	return found
}

// agent starts an agent and returns where it listens.
func (w *world) agent(t *testing.T, key string) string {
	t.Helper()
	cmd := exec.Command(w.binary, "bench", "agent", "--listen", "127.0.0.1:0")
	cmd.Env = append(os.Environ(), "BENCH_KEY="+key)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var rest sync.WaitGroup
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		rest.Wait()
		_ = cmd.Wait()
	})
	lines := bufio.NewReader(stderr)
	line, err := lines.ReadString('\n')
	addr, found := strings.CutPrefix(strings.TrimSpace(line), "agent listens on ")
	rest.Go(func() { _, _ = io.Copy(io.Discard, lines) })
	if err != nil || !found {
		t.Fatalf("the agent says %q, %v", line, err)
	}
	return addr
}
