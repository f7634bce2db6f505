package visits

import (
	"bytes"
	"database/sql"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"throng"
	"throng/internal/gateway/gatewaytest"
)

// transcript is a log that the test reads.
type transcript struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *transcript) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(line)
}

func (l *transcript) await(t *testing.T, parts ...string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		l.mu.Lock()
		text := l.b.String()
		l.mu.Unlock()
		for line := range strings.Lines(text) {
			has := 0
			for _, part := range parts {
				if strings.Contains(line, part) {
					has++
				}
			}
			if has == len(parts) {
				return
			}
		}
		if time.Now().After(end) {
			t.Fatalf("the log does not say %q:\n%s", parts, text)
		}
	}
}

// troubled is a server whose store is in this file.
func troubled(t *testing.T, file string) (*gatewaytest.Server, *transcript) {
	t.Helper()
	log := &transcript{}
	o := gatewaytest.Options("goroutine")
	o.Log = slog.New(slog.NewTextHandler(log, nil))
	o.Config.Store.Kind, o.Config.Store.File, o.Config.Visits.Grace = "sqlite", file, 0
	return gatewaytest.Start(t, o), log
}

// served checks that a client is served as if nothing was.
func served(t *testing.T, s *gatewaytest.Server) *gatewaytest.Client {
	t.Helper()
	c := gatewaytest.Connect(t, s.Addr(), "/socket/websocket?vsn=2.0.0&user_id=ann")
	c.Text(`["1","1","room:1","phx_join",{}]`)
	c.Expect(`["1","1","room:1","phx_reply",{"status":"ok","response":{}}]`)
	return c
}

// TestBadStore: a store that can't be opened is said, with what to do; clients are
// served.
func TestBadStore(t *testing.T) {
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken.db")
	if err := os.WriteFile(broken, bytes.Repeat([]byte("not a database "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]string{
		"broken": broken, "no directory": filepath.Join(dir, "none", "visits.db"), "a directory": dir,
	} {
		t.Run(name, func(t *testing.T) {
			s, log := troubled(t, file)
			c := served(t, s)
			log.await(t, "level=ERROR", "visits can't be written", "hint=")
			_ = c.Close()
			s.Stop(t)
			log.await(t, "not all visits were written")
		})
	}
}

// TestLockedStore: while another process has the file, clients are served; afterwards
// the books say what was.
func TestLockedStore(t *testing.T) {
	file := filepath.Join(t.TempDir(), "visits.db")
	books := open(t, file)
	other, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	other.SetMaxOpenConns(1)
	if _, err := other.Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	s, log := troubled(t, file)
	began := time.Now().UnixMilli()
	c := served(t, s)
	log.await(t, "visits can't be written")
	_ = c.Close()
	ended := time.Now().UnixMilli()
	if _, err := other.Exec("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	log.await(t, "visits are written again", "dropped_visits=0")
	v := books.ended(t)
	if v.StartedAt < began-slack || v.StartedAt > began+slack || v.EndedAt < ended-slack || v.EndedAt > ended+slack || v.Reason != throng.VisitLeft {
		t.Errorf("the visit is %+v, and was from %d to %d", v, began, ended)
	}
}
