//go:build !linux

package postgres

import (
	"os/exec"
	"testing"
	"time"
)

const elsewhere = "tests run PostgreSQL on Linux only"

func (s *Server) launch(t testing.TB, _ []string) { t.Fatal(elsewhere) }

// Stop and the others have no server to do anything with.
func (s *Server) Stop(t testing.TB) { t.Fatal(elsewhere) }

// Kill does nothing.
func (s *Server) Kill() {}

// Pause does nothing.
func (s *Server) Pause() {}

// Resume does nothing.
func (s *Server) Resume() {}

// CPU is not known.
func (s *Server) CPU(t testing.TB) time.Duration {
	t.Fatal(elsewhere)
	return 0
}

// SmallDisk can't be mounted.
func (s *Server) SmallDisk(t testing.TB, _ int) string {
	t.Fatal(elsewhere)
	return ""
}

func unprivileged(t testing.TB, _ *exec.Cmd) { t.Fatal(elsewhere) }

func hand(testing.TB, string) {}
