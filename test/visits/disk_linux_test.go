package visits

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"throng/internal/gateway/gatewaytest"
)

// small mounts a file system of so many bytes. Root is needed for it, as on the
// machines that test every change.
func small(t *testing.T, bytes int) (dir string, remount func(flags uintptr)) {
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
	return dir, func(flags uintptr) { mount(syscall.MS_REMOUNT | flags) }
}

// TestFullDisk: while the disk is full, clients are served. Afterwards the books say
// what was: who was here before, and of those who came and went meanwhile as many as
// may wait; the others are counted.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir, _ := small(t, 2<<20)
	file := filepath.Join(dir, "visits.db")
	s, log := troubled(t, file)
	began := time.Now().UnixMilli()
	early := gatewaytest.Connect(t, s.Addr(), "/socket/websocket?vsn=2.0.0&user_id=early")
	log.await(t, "visits are recorded")
	books := open(t, file)
	books.await(t, 1)

	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 3<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	leave(hurt(t, s, log, "disk is full")...)
	const late = 5
	for i := range late {
		leave(connect(t, s.Public()[0].String(), i))
	}
	books.await(t, 1) // it can still be read
	dropped := late + 2 - keptVisits
	awaitDrops(t, s, dropped)
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	cured(t, s, log, dropped)
	leave(early)
	books.awaitEnded(t, 1+keptVisits)
	books.between(t, "early", 1, began, time.Now().UnixMilli())
}

// awaitDrops waits until so many visits are counted as dropped, as they are when the
// store is tried the next time.
func awaitDrops(t *testing.T, s *gatewaytest.Server, want int) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); metric(t, s, "throng_visits_dropped_total") < float64(want); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%v visits are counted as dropped, want %d", metric(t, s, "throng_visits_dropped_total"), want)
		}
	}
}

// TestReadOnlyDisk: a server whose file can only be read serves its clients, and
// writes what was when it can.
func TestReadOnlyDisk(t *testing.T) {
	t.Parallel()
	dir, remount := small(t, 4<<20)
	file := filepath.Join(dir, "visits.db")
	before, log := troubled(t, file)
	began := time.Now().UnixMilli()
	log.await(t, "visits are recorded")
	leave(served(t, before)...)
	before.Stop(t)
	remount(syscall.MS_RDONLY)

	s, log := troubled(t, file)
	clients := hurt(t, s, log, "can't be")
	remount(0)
	cured(t, s, log, 0)
	books := open(t, file)
	books.await(t, 2)
	leave(clients...)
	books.awaitEnded(t, 4)
	books.between(t, "ann", 2, began, time.Now().UnixMilli())
}
