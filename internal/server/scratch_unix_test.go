//go:build unix && !nosqlite

package server_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"throng/internal/server"
)

// remain is a directory as a process leaves it, with files that are empty.
func remain(t *testing.T, dir string, perm os.FileMode, age time.Duration, files ...string) {
	t.Helper()
	if err := os.Mkdir(dir, perm); err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if err := os.WriteFile(filepath.Join(dir, file), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	at := time.Now().Add(-age)
	if err := os.Chtimes(dir, at, at); err != nil {
		t.Fatal(err)
	}
}

// link makes a link in a directory, which stays as old as it was.
func link(t *testing.T, to, from string) {
	t.Helper()
	info, err := os.Stat(filepath.Dir(from))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(to, from); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(filepath.Dir(from), info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
}

// tree is what lies in the directories of a directory.
func tree(t *testing.T, dir string) map[string][]string {
	t.Helper()
	all := make(map[string][]string)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		files, err := os.ReadDir(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = []string{}
		for _, f := range files {
			all[e.Name()] = append(all[e.Name()], f.Name())
		}
	}
	return all
}

// TestScratch: a server with a temporary store removes those of dead processes, and
// nothing else, at its start, and its own at its end.
func TestScratch(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	const old = 2 * time.Minute
	in := func(name string) string { return filepath.Join(tmp, name) }
	remain(t, in("throng-store-young"), 0o700, 0, "lock", "throng.db")
	remain(t, in("throng-store-alive"), 0o700, old, "lock", "throng.db")
	remain(t, in("throng-store-unlocked"), 0o700, old, "throng.db")
	remain(t, in("throng-store-public"), 0o755, old, "lock", "throng.db")
	remain(t, in("throng-other"), 0o700, old, "lock", "throng.db")
	remain(t, in("target"), 0o700, old, "lock", "throng.db")
	link(t, "target", in("throng-store-link"))
	remain(t, in("throng-store-linked-lock"), 0o700, old, "throng.db")
	link(t, "../target/lock", in("throng-store-linked-lock/lock"))
	keep := tree(t, tmp)
	remain(t, in("throng-store-dead"), 0o700, old, "lock", "throng.db", "throng.db-wal")
	lock, err := os.Open(in("throng-store-alive/lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}

	s := start(t, server.Options{Config: configured(t, map[string]string{"dev": "true"})})
	until(t, func() bool {
		own, _ := filepath.Glob(in("throng-store-*/throng.db-wal"))
		return len(own) == 1 && !strings.Contains(own[0], "dead")
	}, "there is no temporary store")
	s.stop()
	<-s.over
	if left := tree(t, tmp); !maps.EqualFunc(left, keep, slices.Equal) {
		t.Errorf("there is %v\nwant     %v", left, keep)
	}
}
