package visits

import (
	"bufio"
	"bytes"
	"database/sql"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
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

// troubled is a server whose store is in this file. It keeps three visits that begin and
// end while that can't be written, and says soon that it can't.
func troubled(t *testing.T, file string) (*gatewaytest.Server, *transcript) {
	t.Helper()
	log := &transcript{}
	o := gatewaytest.Options("goroutine")
	o.Log = slog.New(slog.NewTextHandler(log, nil))
	o.Config.Internal = "127.0.0.1:0"
	o.Config.Store.Kind, o.Config.Store.File = "sqlite", file
	o.Config.Visits.Grace, o.Config.Visits.Beat, o.Config.Visits.Buffer = 0, 100*time.Millisecond, keptVisits
	return gatewaytest.Start(t, o), log
}

const keptVisits = 3

// served checks that clients are served as if nothing was: ann and bob come, one
// publishes, the other one receives.
func served(t *testing.T, s *gatewaytest.Server) []*gatewaytest.Client {
	t.Helper()
	var clients [2]*gatewaytest.Client
	for i, user := range [2]string{"ann", "bob"} {
		c := gatewaytest.Connect(t, s.Addr(), "/socket/websocket?vsn=2.0.0&user_id="+user)
		c.Text(`["1","1","room:1","phx_join",{}]`)
		c.Expect(`["1","1","room:1","phx_reply",{"status":"ok","response":{}}]`)
		clients[i] = c
	}
	clients[0].Text(`["1","2","room:1","said",{"n":1}]`)
	clients[1].Expect(`[null,null,"room:1","said",{"n":1}]`)
	return clients[:]
}

// leave closes clients. Who was not here for a millisecond has no visit.
func leave(clients ...*gatewaytest.Client) {
	time.Sleep(5 * time.Millisecond)
	for _, c := range clients {
		_ = c.Close()
	}
}

// metric reads what a server tells of itself.
func metric(t *testing.T, s *gatewaytest.Server, name string) float64 {
	t.Helper()
	return value(t, s.Internal().String(), name)
}

// value is metric of the server with this internal address.
func value(t *testing.T, internal, name string) (value float64) {
	t.Helper()
	r, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get("http://" + internal + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	lines := bufio.NewScanner(r.Body)
	for lines.Scan() {
		if _, err := fmt.Sscanf(lines.Text(), name+" %g", &value); err == nil {
			return value
		}
	}
	t.Fatalf("no metric %s: %v", name, lines.Err())
	return 0
}

// hurt checks that the server says what is wrong and what to do, counts it, and serves.
func hurt(t *testing.T, s *gatewaytest.Server, log *transcript, what string) []*gatewaytest.Client {
	t.Helper()
	log.await(t, "level=ERROR", "visits can't be written", what, "hint=")
	if metric(t, s, "throng_visits_store_up") != 0 || metric(t, s, "throng_visits_store_errors_total") == 0 {
		t.Error("the metrics say nothing of it")
	}
	return served(t, s)
}

// cured waits until the server says that all is well.
func cured(t *testing.T, s *gatewaytest.Server, log *transcript, dropped int) {
	t.Helper()
	log.await(t, "visits are written again", fmt.Sprint("dropped_visits=", dropped))
	if up, n := metric(t, s, "throng_visits_store_up"), metric(t, s, "throng_visits_dropped_total"); up != 1 || n != float64(dropped) {
		t.Errorf("store_up is %v, %v visits are counted as dropped, want %d", up, n, dropped)
	}
}

// awaitEnded waits until there are so many visits, and all have ended.
func (b books) awaitEnded(t *testing.T, visits int) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		list := b.visits(t)
		open := slices.ContainsFunc(list, func(v throng.Visit) bool { return v.Reason == throng.VisitOpen })
		switch {
		case len(list) == visits && !open:
			return
		case time.Now().After(end):
			t.Fatalf("the visits are %+v, want %d", list, visits)
		}
	}
}

// between checks that so many visits of a user began and ended in a period.
func (b books) between(t *testing.T, user string, visits int, began, ended int64) {
	t.Helper()
	for _, v := range b.visits(t) {
		if v.User != user {
			continue
		}
		visits--
		if v.StartedAt < began-slack || v.EndedAt > ended+slack || v.EndedAt <= v.StartedAt || v.Reason == throng.VisitCrashed {
			t.Errorf("%+v is not within %d to %d", v, began, ended)
		}
	}
	if visits != 0 {
		t.Errorf("%s has %d visits too few", user, visits)
	}
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
			leave(hurt(t, s, log, "store: ")...)
			s.Stop(t)
			log.await(t, "not all visits were written")
		})
	}
}

// TestLockedStore: while another process has the file, clients are served; afterwards
// the books say what was.
func TestLockedStore(t *testing.T) {
	t.Parallel()
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
	leave(hurt(t, s, log, "locked by another process")...)
	s.Empty(t)
	ended := time.Now().UnixMilli()
	if _, err := other.Exec("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	cured(t, s, log, 0)
	books.awaitEnded(t, 2)
	books.between(t, "ann", 1, began, ended)
	books.between(t, "bob", 1, began, ended)
}
