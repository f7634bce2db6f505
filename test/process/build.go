package process

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// Build builds a command of the module, such as "./cmd/throng", and returns the
// binary's path. All tests share one below bin/test: the go tool links it only if it is
// not up to date, which takes longer than most tests.
func Build(t testing.TB, pkg string) string {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	root := filepath.Join(filepath.Dir(here), "..", "..")
	dir := filepath.Join(root, "bin", "test")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, filepath.Base(pkg))
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	// Packages are tested side by side: who comes second finds it built.
	unlock := lock(t, binary+".lock")
	defer unlock()
	cmd := exec.Command("go", "build", "-o", binary, pkg)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", pkg, err, out)
	}
	return binary
}
