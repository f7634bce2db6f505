package process

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// CPU returns the processor time that the process has used, in the kernel and
// outside, as the scheduler counts it, in nanoseconds. A thread that has ended
// counts no more; a Go program keeps its threads.
func (s *Server) CPU(t testing.TB) (used time.Duration) {
	t.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", s.PID()))
	if err != nil || len(threads) == 0 {
		t.Fatalf("no threads of process %d: %v", s.PID(), err)
	}
	for _, path := range threads {
		b, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		on, _, _ := strings.Cut(string(b), " ")
		ns, err := strconv.ParseInt(on, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		used += time.Duration(ns)
	}
	return used
}
