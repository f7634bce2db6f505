package postgres

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// tick is the unit of processor times in /proc: it has been 1/100 s on every Linux
// for long, whatever the kernel's own.
const tick = 10 * time.Millisecond

// CPU is the processor time that the server's processes have used: those that live,
// and those that have ended.
func (s *Server) CPU(t testing.TB) time.Duration {
	t.Helper()
	used := times(t, s.PID(), true)
	for _, pid := range Children(s.PID()) {
		used += times(t, pid, false)
	}
	return used
}

// times reads user and system time of a process, and with children also of those of
// its children that have ended.
func times(t testing.TB, pid int, children bool) (used time.Duration) {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0 // it has just ended
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	columns := strings.Fields(rest) // from the third on
	last := 13
	if children {
		last = 15
	}
	for _, column := range columns[11:last] {
		n, err := strconv.ParseInt(column, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		used += time.Duration(n) * tick
	}
	return used
}
