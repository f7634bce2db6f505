// Package process runs built programs of this module for tests that need a real
// process: its own memory, its own descriptors, a real signal.
package process

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is how long a step may take before the test fails.
const patience = time.Minute

// Server is a throng process and what its log has said so far.
type Server struct {
	cmd    *exec.Cmd
	exited chan struct{} // closed once waitErr is set
	ready  chan struct{} // closed once both listeners are known

	waitErr error

	mu        sync.Mutex
	listeners map[string]string // "public", "internal" → address
	log       bytes.Buffer
}

// Run runs a program that says on the first line of stdout where it listens, as
// test/floor does. It is killed when the test ends.
func Run(t testing.TB, binary string, args ...string) *Server {
	t.Helper()
	s := &Server{cmd: exec.Command(binary, args...), exited: make(chan struct{}), listeners: make(map[string]string)}
	s.cmd.Stderr = os.Stderr
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	address, readErr := bufio.NewReader(stdout).ReadString('\n')
	s.listeners["public"] = strings.TrimSpace(address)
	go func() {
		s.waitErr = s.cmd.Wait()
		close(s.exited)
	}()
	t.Cleanup(s.Kill)
	if readErr != nil {
		t.Fatalf("%s said no address: %v", binary, readErr)
	}
	return s
}

// Start runs a command of throng, "serve" or "demo", on free ports unless args
// say otherwise, and waits until it is ready. It is killed when the test ends.
func Start(t testing.TB, binary, command string, args ...string) *Server {
	t.Helper()
	args = append([]string{command, "--log-format", "json"}, args...)
	for _, flag := range []string{"--listen", "--internal"} {
		if !strings.Contains(strings.Join(args, " "), flag) {
			args = append(args, flag, "127.0.0.1:0")
		}
	}
	s := &Server{
		cmd:    exec.Command(binary, args...),
		exited: make(chan struct{}), ready: make(chan struct{}), listeners: make(map[string]string),
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
		s.Kill()
		if t.Failed() {
			t.Logf("log of throng:\n%s", s.Log())
		}
	})
	select {
	case <-s.ready:
	case <-s.exited:
		t.Fatalf("throng %s ended at once: %v\n%s", command, s.waitErr, s.Log())
	case <-time.After(patience):
		t.Fatalf("throng %s named no listeners within %v", command, patience)
	}
	s.waitReady(t)
	return s
}

func (s *Server) readLog(r io.Reader) {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		s.note(line)
		if err != nil {
			return
		}
	}
}

func (s *Server) note(line []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log.Write(line)
	var entry struct {
		Msg, Address, Listener string
		TLS                    bool
	}
	if json.Unmarshal(line, &entry) != nil || entry.Msg != "listening" || s.listeners["internal"] != "" {
		return
	}
	if entry.TLS {
		entry.Listener = "secured"
	}
	s.listeners[entry.Listener] = entry.Address
	if s.listeners["internal"] != "" { // the last one to be named
		close(s.ready)
	}
}

func (s *Server) waitReady(t testing.TB) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if r, err := http.Get("http://" + s.Internal() + "/ready"); err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return
			}
		}
	}
	t.Fatalf("throng not ready within %v", patience)
}

func (s *Server) address(listener string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.listeners[listener]
}

// Public returns the address for clients, host:port.
func (s *Server) Public() string { return s.address("public") }

// Secured returns the address for clients with TLS, host:port.
func (s *Server) Secured() string { return s.address("secured") }

// Internal returns the address for operators, host:port.
func (s *Server) Internal() string { return s.address("internal") }

// PID returns the process's id.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Log returns what the process has logged.
func (s *Server) Log() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// Signal sends a signal.
func (s *Server) Signal(sig os.Signal) error { return s.cmd.Process.Signal(sig) }

// Kill ends the process as kill -9 does and waits for its end.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill()
	<-s.exited
}

// Wait waits for the process to end by itself and returns its exit code.
func (s *Server) Wait(limit time.Duration) (int, error) {
	select {
	case <-s.exited:
		return s.cmd.ProcessState.ExitCode(), nil
	case <-time.After(limit):
		return -1, fmt.Errorf("throng still runs after %v", limit)
	}
}
