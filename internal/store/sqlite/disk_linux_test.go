package sqlite_test

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"throng"
	"throng/internal/store/sqlite"
)

// small mounts a file system of so many bytes. Root is needed for it, as on the
// machines that test every change.
func small(t *testing.T, bytes int) (dir string, readOnly func()) {
	t.Helper()
	dir = t.TempDir()
	mount := func(flags uintptr) {
		t.Helper()
		if err := syscall.Mount("tmpfs", dir, "tmpfs", flags, fmt.Sprintf("size=%d", bytes)); err != nil {
			t.Fatalf("mounting a small file system (as root): %v", err)
		}
	}
	mount(0)
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir, func() { mount(syscall.MS_REMOUNT | syscall.MS_RDONLY) }
}

// TestDiskFull fills the disk, makes room, and counts what is written.
func TestDiskFull(t *testing.T) {
	dir, _ := small(t, 3<<20)
	s := open(t, sqlite.Options{File: filepath.Join(dir, "visits.db")})
	lease, err := s.Acquire(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	f := throng.VisitFlush{At: lease.Now}
	written := 0
	for err == nil {
		if f.Sequence++; f.Sequence > 1000 {
			t.Fatal("the disk does not fill")
		}
		f.Closed = f.Closed[:0]
		for i := range 200 {
			f.Closed = append(f.Closed, throng.Visit{User: fmt.Sprintf("user %d of flush %d", i, f.Sequence), StartedAt: lease.Now, EndedAt: lease.Now + 1})
		}
		if _, err = s.Flush(t.Context(), lease, &f); err == nil {
			written += len(f.Closed)
		}
	}
	complaint(t, err, "disk is full")
	t.Logf("after %d visits", written)
	if _, err := s.Online(t.Context(), throng.OnlineQuery{}); err != nil {
		t.Errorf("asking on a full disk: %v", err)
	}
	if _, err := s.Flush(t.Context(), lease, &f); err == nil {
		t.Error("the disk is full, and a flush is written")
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Flush(t.Context(), lease, &f); err != nil {
		t.Fatalf("with room again: %v", err)
	}
	written += len(f.Closed)
	count := 0
	for p := (throng.Page{Limit: 5000}); ; {
		page, next, err := s.Sessions(t.Context(), throng.VisitFilter{}, p)
		if err != nil {
			t.Fatal(err)
		}
		count += len(page)
		if p.Cursor = next; next == "" {
			break
		}
	}
	if count != written {
		t.Errorf("%d visits, want %d", count, written)
	}
}

func TestReadOnly(t *testing.T) {
	dir, readOnly := small(t, 4<<20)
	file := filepath.Join(dir, "visits.db")
	s := open(t, sqlite.Options{File: file})
	fill(t, s, 10)
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	readOnly()
	_, err := sqlite.Open(t.Context(), sqlite.Options{File: file})
	if err == nil {
		t.Fatal("opened")
	}
	complaint(t, err, "can't be")
	_, err = sqlite.Open(t.Context(), sqlite.Options{File: filepath.Join(dir, "new.db")})
	complaint(t, err, "can't be")
}
