//go:build unix

package server

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// lockScratch locks a file, or says that another process has it locked, or that there is
// none. The lock ends with the file that is returned.
func lockScratch(name string, create int) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|syscall.O_NOFOLLOW|create, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// ours reports whether a file belongs to the user that this process runs as.
func ours(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}
