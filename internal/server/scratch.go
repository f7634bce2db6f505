package server

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// scratch is the directory of a temporary store. The process that made it holds a lock
// on a file in it, which ends with the process however that ends.
type scratch struct {
	dir  string
	lock *os.File // nil where there are no locks
}

const (
	scratchPrefix = "throng-store-"
	scratchLock   = "lock"
	// scratchAge is how old what is removed is at least: between the directory and its
	// lock there is a moment.
	scratchAge = time.Minute
)

// newScratch makes a directory that only this user can look into.
func newScratch() (*scratch, error) {
	dir, err := os.MkdirTemp("", scratchPrefix)
	if err != nil {
		return nil, fmt.Errorf("store: no room for a temporary file: %w", err)
	}
	file := filepath.Join(dir, scratchLock)
	lock, err := lockScratch(file, os.O_CREATE)
	if err != nil {
		_ = os.Remove(file) // without it nobody takes the directory for a dead one's
	}
	return &scratch{dir, lock}, nil
}

func (s *scratch) remove() {
	_ = os.RemoveAll(s.dir)
	if s.lock != nil {
		_ = s.lock.Close()
	}
}

// sweepScratch removes what processes of this user left that were killed, and returns
// how much that was.
func sweepScratch() (removed int) {
	tmp := os.TempDir()
	entries, _ := os.ReadDir(tmp) // what can't be read, nobody can tidy
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), scratchPrefix) {
			continue
		}
		info, err := e.Info() // of a link itself
		if err != nil || !info.IsDir() || info.Mode().Perm()&0o077 != 0 || !ours(info) || time.Since(info.ModTime()) < scratchAge {
			continue
		}
		s := scratch{dir: filepath.Join(tmp, e.Name())}
		if s.lock, err = lockScratch(filepath.Join(s.dir, scratchLock), 0); err != nil {
			continue
		}
		s.remove()
		removed++
	}
	return removed
}
