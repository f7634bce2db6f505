package sqlite_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"throng"
	"throng/internal/store/sqlite"
)

// TestErasedWhileRead erases a user while another process reads the file: what the
// write-ahead log still has of the user is said in the log.
func TestErasedWhileRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "visits.db")
	var said bytes.Buffer
	s := open(t, sqlite.Options{File: file, Log: slog.New(slog.NewTextHandler(&said, nil))})
	lease, err := s.Acquire(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	const user, warning = "ann of the erased", "is not emptied yet"
	seq := int64(0)
	erase := func() {
		t.Helper()
		seq++
		f := throng.VisitFlush{Sequence: seq, At: lease.Now, Opened: []throng.Visit{{User: user, StartedAt: lease.Now}}}
		if _, err := s.Flush(t.Context(), lease, &f); err != nil {
			t.Fatal(err)
		}
		if n, err := s.Erase(t.Context(), user); err != nil || n != 1 {
			t.Fatalf("%d visits, %v", n, err)
		}
	}
	logged := func() bool {
		t.Helper()
		b, err := os.ReadFile(file + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Contains(b, []byte(user))
	}
	release := hold(t, file, "BEGIN; SELECT count(*) FROM online WHERE user_id = '-' HAVING count(*) > 0;")
	erase()
	if !logged() || !strings.Contains(said.String(), warning) {
		t.Errorf("the log has the user: %v; said: %s", logged(), said.String())
	}
	release()
	said.Reset()
	erase()
	if logged() || strings.Contains(said.String(), warning) {
		t.Errorf("when nobody reads, the log has the user: %v; said: %s", logged(), said.String())
	}
}
