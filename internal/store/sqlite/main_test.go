package sqlite_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain is also the process that TestKilled kills.
func TestMain(m *testing.M) {
	if file := os.Getenv(writerFile); file != "" {
		write(file)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}
