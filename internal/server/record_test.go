package server_test

import (
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"throng/internal/server"
)

// record is a log that tests read, in slog's text form.
type record struct {
	mu    sync.Mutex
	lines []string
}

// startLogged is start, with these settings and a log.
func startLogged(t *testing.T, set map[string]string) (*running, *record) {
	t.Helper()
	log := &record{}
	return start(t, server.Options{Config: configured(t, set), Log: slog.New(slog.NewTextHandler(log, nil))}), log
}

// Write takes a line.
func (r *record) Write(line []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, string(line))
	return len(line), nil
}

// has says if a line contains all parts.
func (r *record) has(parts ...string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.lines, func(line string) bool {
		return !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(line, part) })
	})
}

// await waits for such a line.
func (r *record) await(t *testing.T, parts ...string) {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log:\n%s", r)
		}
	})
	until(t, func() bool { return r.has(parts...) }, "the log doesn't say it")
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.lines, "")
}
