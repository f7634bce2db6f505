package clients

import (
	"bufio"
	"io"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"throng/test/process"
)

// TestBenchPages looks at what throng bench shows with a browser.
func TestBenchPages(t *testing.T) {
	t.Parallel()
	requireTools(t)
	throng := process.Build(t, "./cmd/throng")
	s := process.Start(t, throng, "serve", "--dev")
	file := filepath.Join(t.TempDir(), "report.html")
	bench := exec.Command(throng, "bench", "chat", "--quiet", "--users", "200", "--for", "10m",
		"--target", "ws://"+s.Public()+"/socket", "--live", "127.0.0.1:0", "--html", file)
	said, err := bench.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := bench.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bench.Process.Kill() })
	lines := bufio.NewReader(said)
	line, err := lines.ReadString('\n')
	url, found := strings.CutPrefix(strings.TrimSpace(line), "live page: ")
	if err != nil || !found {
		t.Fatalf("bench said %q, %v", line, err)
	}
	runScript(t, "pages.mjs", url, file, strconv.Itoa(bench.Process.Pid))
	rest, _ := io.ReadAll(lines)
	if err := bench.Wait(); err == nil || !strings.Contains(string(rest), "interrupted") {
		t.Errorf("bench: %v\n%s", err, rest)
	}
}
