//go:build !linux

package postgres

import (
	"os/exec"
	"testing"
)

func (s *Server) launch(t testing.TB, _ []string) { unprivileged(t, nil) }

// Kill does nothing: there is no server.
func (s *Server) Kill() {}

func unprivileged(t testing.TB, _ *exec.Cmd) {
	t.Helper()
	t.Fatal("tests run PostgreSQL on Linux only")
}

func hand(testing.TB, string) {}
