package postgres

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// SmallDisk mounts a file system of so many bytes, which the server may write to, for
// a tablespace. Root is needed for it.
func (s *Server) SmallDisk(t testing.TB, bytes int) (dir string) {
	t.Helper()
	dir = filepath.Join(s.home, "small")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", bytes)); err != nil {
		t.Fatalf("mounting a small file system (as root): %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil { // the server has files open
			t.Error(err)
		}
	})
	hand(t, dir)
	return dir
}
