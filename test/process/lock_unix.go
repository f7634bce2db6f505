//go:build unix

package process

import (
	"os"
	"syscall"
	"testing"
)

// lock waits until no other process has the lock of that name.
func lock(t testing.TB, name string) (unlock func()) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if err != syscall.EINTR {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() { _ = f.Close() }
}
