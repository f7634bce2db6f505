package sqlite_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"throng"
	"throng/internal/store"
	"throng/internal/store/sqlite"
	"throng/internal/store/storetest"
)

func open(t *testing.T, o sqlite.Options) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// complaint fails the test unless err has a hint, and says what it should.
func complaint(t *testing.T, err error, says string) {
	t.Helper()
	var e *store.Error
	if !errors.As(err, &e) || e.Hint == "" || !strings.Contains(e.Msg, says) {
		t.Errorf("%v (%T), want an error with a hint that says %q", err, err, says)
		return
	}
	t.Logf("error: %s\n  hint: %s", e.Msg, e.Hint)
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("This is no database.\n", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	future := filepath.Join(dir, "future.db")
	s := open(t, sqlite.Options{File: future})
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	shell(t, future, "INSERT INTO schema_version VALUES (99, 'tomorrow')")
	for file, says := range map[string]string{
		filepath.Join(dir, "none", "visits.db"): "can't be opened",
		dir:                                     "can't be opened",
		text:                                    "not an SQLite database",
		future:                                  "version 99",
	} {
		_, err := sqlite.Open(t.Context(), sqlite.Options{File: file})
		if err == nil {
			t.Errorf("%s: opened", file)
			continue
		}
		complaint(t, err, says)
	}
}

// TestDamaged writes rubbish into the middle of a file.
func TestDamaged(t *testing.T) {
	file := filepath.Join(t.TempDir(), "visits.db")
	s := open(t, sqlite.Options{File: file})
	fill(t, s, 5000)
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	rubbish := []byte(strings.Repeat("\xde\xad\xbe\xef", int(info.Size()/4-8192)))
	if _, err := f.WriteAt(rubbish, 32768); err != nil {
		t.Fatal(err)
	}
	again, err := sqlite.Open(t.Context(), sqlite.Options{File: file})
	if err == nil {
		defer again.Close(context.Background())
		_, _, err = again.Sessions(t.Context(), throng.VisitFilter{}, throng.Page{Limit: 5000})
	}
	complaint(t, err, "damaged")
}

// fill writes visits that ended, of as many users.
func fill(t *testing.T, s *sqlite.Store, users int) {
	t.Helper()
	lease, err := s.Acquire(t.Context(), "filler")
	if err != nil {
		t.Fatal(err)
	}
	f := throng.VisitFlush{Sequence: 1, At: lease.Now}
	for i := range users {
		f.Closed = append(f.Closed, throng.Visit{User: fmt.Sprintf("a user with a name %d", i), StartedAt: lease.Now, EndedAt: lease.Now + 1})
	}
	if _, err := s.Flush(t.Context(), lease, &f); err != nil {
		t.Fatal(err)
	}
}

// TestLocked lets another process hold the file: calls wait as long as they may, end
// with a hint, and succeed when it is free.
func TestLocked(t *testing.T) {
	file := filepath.Join(t.TempDir(), "visits.db")
	s := open(t, sqlite.Options{File: file, Wait: 400 * time.Millisecond})
	patient := open(t, sqlite.Options{File: file, Wait: time.Hour})
	lease, err := s.Acquire(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	release := hold(t, file, "BEGIN EXCLUSIVE;")
	f := throng.VisitFlush{Sequence: 1, At: lease.Now, Opened: []throng.Visit{{User: "ann", StartedAt: lease.Now}}}
	begin := time.Now()
	_, err = s.Flush(t.Context(), lease, &f)
	if took := time.Since(begin); took < 300*time.Millisecond || took > time.Minute {
		t.Errorf("a flush waited %v for the lock, want 400ms", took)
	}
	complaint(t, err, "locked by another process")
	short(t, patient, lease, &f)
	if _, err := s.Online(t.Context(), throng.OnlineQuery{}); err != nil {
		t.Errorf("who only asks is kept waiting: %v", err)
	}
	_, err = sqlite.Open(t.Context(), sqlite.Options{File: file, Wait: 100 * time.Millisecond})
	complaint(t, err, "locked by another process")
	queued(t, s, lease, &f)
	release()
	if _, err := s.Flush(t.Context(), lease, &f); err != nil {
		t.Fatal(err)
	}
}

// short has flushes end long before the store's own patience does: they are told of the
// lock once somebody was quick enough to find it taken.
func short(t *testing.T, patient *sqlite.Store, lease throng.Lease, f *throng.VisitFlush) {
	t.Helper()
	var told *store.Error
	for end := time.Now().Add(20 * time.Second); told == nil; {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		_, err := patient.Flush(ctx, lease, f)
		cancel()
		if errors.As(err, &told) {
			complaint(t, err, "locked by another process")
		} else if err == nil || time.Now().After(end) {
			t.Fatalf("with 100ms to live a flush behind a lock ended with %v", err)
		}
	}
}

// queued has a flush end before its turn comes, behind one that waits for the lock: it is
// told of the lock as well.
func queued(t *testing.T, s *sqlite.Store, lease throng.Lease, f *throng.VisitFlush) {
	t.Helper()
	first := make(chan error)
	go func() {
		_, err := s.Flush(t.Context(), lease, f)
		first <- err
	}()
	time.Sleep(50 * time.Millisecond) // so that it has the connection
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := s.Flush(ctx, lease, f)
	complaint(t, err, "locked by another process")
	complaint(t, <-first, "locked by another process")
}

// hold makes an sqlite3 shell begin a transaction, and returns what ends it.
func hold(t *testing.T, file, begin string) (release func()) {
	t.Helper()
	cmd := exec.Command("sqlite3", file)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v: make setup installs sqlite3", err)
	}
	release = func() {
		_ = in.Close() // repeated by the clean-up
		_ = cmd.Wait()
	}
	t.Cleanup(release)
	if _, err := io.WriteString(in, begin+"\nSELECT 'held';\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "held\n" {
		t.Fatalf("sqlite3 says %q, %v", line, err)
	}
	return release
}

// shell runs SQL as an operator would.
func shell(t *testing.T, file, statement string) string {
	t.Helper()
	out, err := exec.Command("sqlite3", "-batch", file, statement).CombinedOutput()
	if err != nil {
		t.Fatalf("sqlite3: %v\n%s(make setup installs it)", err, out)
	}
	return strings.TrimSpace(string(out))
}

// TestTablesForPeople looks at the documented tables and the view with sqlite3.
func TestTablesForPeople(t *testing.T) {
	storetest.SameDay()
	file := filepath.Join(t.TempDir(), "visits.db")
	s := open(t, sqlite.Options{File: file})
	lease, err := s.Acquire(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 26, 23, 59, 59, 500e6, time.UTC).UnixMilli()
	f := throng.VisitFlush{Sequence: 1, At: lease.Now,
		Opened: []throng.Visit{{User: "ann", StartedAt: lease.Now}},
		Closed: []throng.Visit{{User: "ann", Channel: "chat", Kind: throng.Watching, StartedAt: at, EndedAt: at + 2000, Reason: throng.VisitLeft}}}
	for _, v := range []throng.Visit{{User: "anna", EndedAt: 60_000}, {User: "anna", StartedAt: 60_000, EndedAt: 90_500}, {User: "bob", EndedAt: 30_000}} {
		v.Channel, v.Reason = "room:1", throng.VisitLeft
		v.StartedAt += lease.Now
		v.EndedAt += lease.Now
		f.Closed = append(f.Closed, v)
	}
	// The one of docs/visits.md.
	longest := `SELECT user_id, sum(seconds) AS seconds, count(*) AS visits FROM watching_times
    WHERE channel = 'room:1' AND kind = 'connected' AND started_at >= date('now') GROUP BY user_id ORDER BY 2 DESC LIMIT 10`
	if _, err := s.Flush(t.Context(), lease, &f); err != nil {
		t.Fatal(err)
	}
	for statement, want := range map[string]string{
		longest: "anna|90.5|2\nbob|30.0|1",
		"SELECT * FROM watching_times WHERE channel = 'chat'":                                        "ann|chat|watching|a|2026-11-26 23:59:59.500|2026-11-27 00:00:01.500|2.0|left",
		"SELECT user_id, kind, node_id, ended_at FROM watching_times WHERE channel = ''":             "ann|connected|a|",
		"SELECT day, user_id, channel, milliseconds, visits FROM watch_daily WHERE channel = 'chat'": "2026-11-26|ann|chat|500|1\n2026-11-27|ann|chat|1500|0",
		"SELECT node_id, flushed_seq, state FROM node_lease":                                         "a|1|0",
		"SELECT user_id, channel, left_at FROM online":                                               "ann||",
		"SELECT count(*) FROM visit_log WHERE channel = 'chat'":                                      "1",
		"SELECT count(*) FROM occupancy":                                                             "0",
		"SELECT max(version) FROM schema_version":                                                    "6",
	} {
		if got := shell(t, file, statement); got != want {
			t.Errorf("%s:\n got %s\nwant %s", statement, got, want)
		}
	}
}
