package usage_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"throng/internal/bench/usage"
)

// A process may be called anything; the kernel puts the name between the numbers.
func TestOddNames(t *testing.T) {
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(sleep)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a) b", ") S 1 (", "(((", "x ) 1 2"} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, program, 0o700); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(path, "60")
		cmd.Args[0] = "sleep" // what is one program of many looks at it
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ok := false
		for end := time.Now().Add(20 * time.Second); !ok && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
			u, is := usage.Of(cmd.Process.Pid)
			ok = is && u.RSS > 0 && u.RSS < 1<<30 && u.CPU >= 0 && u.CPU < 60
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if !ok {
			t.Errorf("%q was not understood", name)
		}
	}
}
