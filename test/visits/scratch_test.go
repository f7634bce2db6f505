package visits

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"throng/test/process"
)

// TestKillTemporary: what a process with a temporary store leaves after a kill -9, the
// next one removes.
func TestKillTemporary(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	binary := process.Build(t, "./cmd/throng")
	stores := func(want func(list []string) bool) []string {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			list, _ := filepath.Glob(filepath.Join(tmp, "throng-store-*"))
			if want(list) {
				return list
			}
			if time.Now().After(end) {
				t.Fatalf("there is %q", list)
			}
		}
	}
	one := func(list []string) bool { return len(list) == 1 }

	p := process.Start(t, binary, "serve", "--dev")
	left := stores(one)
	p.Kill()
	stores(func(list []string) bool { return slices.Equal(list, left) })
	aged := time.Now().Add(-2 * time.Minute)
	if err := os.Chtimes(left[0], aged, aged); err != nil {
		t.Fatal(err)
	}
	p = process.Start(t, binary, "serve", "--dev")
	stores(func(list []string) bool { return one(list) && list[0] != left[0] })
	p.Kill()
}
