package clients

import (
	"bufio"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"throng/test/process"
)

// TestLongPollClient runs the npm client's long-poll, through a restart of the
// server.
func TestLongPollClient(t *testing.T) {
	t.Parallel()
	requireTools(t)
	binary := process.Build(t, "./cmd/throng")
	public := process.FreeAddresses(t, 1)[0] // the second server's too
	args := []string{"--listen", public, "--set", "phoenix.longpoll_window=5s", "--set", "engine.drain=100ms"}
	s := process.Start(t, binary, "demo", args...)

	ctx, cancel := context.WithTimeout(t.Context(), scriptTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "longpoll.mjs", "http://"+public, "restart")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var complaints strings.Builder
	cmd.Stderr = &complaints
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	restarted := false
	for lines := bufio.NewScanner(out); lines.Scan(); {
		t.Log(lines.Text())
		if lines.Text() != "restart" {
			continue
		}
		if err := s.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if code, err := s.Wait(stopTimeout); err != nil || code != 0 {
			t.Fatalf("after SIGTERM: exit code %d, %v", code, err)
		}
		s = process.Start(t, binary, "demo", args...)
		restarted = true
		fmt.Fprintln(in)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("node longpoll.mjs: %v\n%s", err, complaints.String())
	}
	if !restarted {
		t.Error("the server was not restarted")
	}
}
