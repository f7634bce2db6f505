package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"throng/internal/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// write puts a configuration file where Load finds it.
func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "throng.toml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// load reads a configuration that must be right.
func load(t *testing.T, opts config.LoadOptions) *config.Config {
	t.Helper()
	c, err := config.Load(opts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// refused reads a configuration that must be wrong.
func refused(t *testing.T, opts config.LoadOptions) config.Errors {
	t.Helper()
	c, err := config.Load(opts)
	if err == nil {
		t.Fatalf("accepted: %+v", c)
	}
	var errs config.Errors
	if !errors.As(err, &errs) || len(errs) == 0 {
		t.Fatalf("%T is not Errors", err)
	}
	for _, e := range errs {
		if e.Msg == "" || e.Hint == "" {
			t.Errorf("an error without message or hint: %q, %q", e.Msg, e.Hint)
		}
	}
	return errs
}
