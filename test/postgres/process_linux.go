package postgres

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// launch starts the postmaster.
func (s *Server) launch(t testing.TB, settings []string) {
	t.Helper()
	args := []string{"-D", s.data(), "-p", strconv.Itoa(s.port), "-k", s.home, "-c", "listen_addresses=127.0.0.1",
		"-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_wal_size=2GB"}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	log, err := os.OpenFile(filepath.Join(s.home, "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(filepath.Join(s.programs, "postgres"), args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.home, log, log
	unprivileged(t, cmd)
	// Should the tests die, so does the server, with its children.
	cmd.SysProcAttr.Pdeathsig = syscall.SIGQUIT
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait() // who stopped it knows how it ended
		close(exited)
	}()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cmd, s.exited = cmd, exited
}

// PID is the postmaster's.
func (s *Server) PID() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cmd.Process.Pid
}

// Stop ends the server in good order: clients are disconnected.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if !s.end(syscall.SIGINT) {
		t.Fatalf("postgres does not stop:\n%s", s.Log())
	}
}

// Kill ends the server at once, as a crash does. It may be repeated.
func (s *Server) Kill() {
	s.Resume()
	s.end(syscall.SIGQUIT)
}

func (s *Server) end(sig syscall.Signal) bool {
	s.mu.Lock()
	cmd, exited := s.cmd, s.exited
	s.mu.Unlock()
	_ = cmd.Process.Signal(sig) // it may have ended
	select {
	case <-exited:
		return true
	case <-time.After(patience):
		_ = cmd.Process.Kill()
		<-exited
		return false
	}
}

// Pause stops the processes of the server: whoever waits for an answer waits on. New
// connections are accepted by the kernel, and no more.
func (s *Server) Pause() { s.signalAll(syscall.SIGSTOP) }

// Resume undoes Pause.
func (s *Server) Resume() { s.signalAll(syscall.SIGCONT) }

func (s *Server) signalAll(sig syscall.Signal) {
	parent := s.PID()
	_ = syscall.Kill(parent, sig) // it may have ended
	for _, pid := range Children(parent) {
		_ = syscall.Kill(pid, sig)
	}
}

// Children are the processes that a process started, and which live.
func Children(parent int) (pids []int) {
	tasks, _ := filepath.Glob("/proc/" + strconv.Itoa(parent) + "/task/*/children")
	for _, task := range tasks {
		b, _ := os.ReadFile(task)
		for _, field := range strings.Fields(string(b)) {
			if pid, err := strconv.Atoi(field); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// unprivileged runs a program as another user if this one is root, whom PostgreSQL
// refuses.
func unprivileged(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	if os.Getuid() == 0 {
		uid, gid := servant(t)
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uid, Gid: gid}
	}
}

// hand gives a folder to the user that the server runs as.
func hand(t testing.TB, dir string) {
	t.Helper()
	if os.Getuid() != 0 {
		return
	}
	uid, gid := servant(t)
	if err := os.Chown(dir, int(uid), int(gid)); err != nil {
		t.Fatal(err)
	}
}

func servant(t testing.TB) (uid, gid uint32) {
	t.Helper()
	u, err := user.Lookup("postgres")
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		t.Fatal(err)
	}
	id, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	group, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(id), uint32(group)
}
