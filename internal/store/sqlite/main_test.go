package sqlite_test

import (
	"os"
	"testing"

	"throng/internal/store/storetest"

	"go.uber.org/goleak"
)

// TestMain is also the processes that TestKilled and TestKilledClaiming kill.
func TestMain(m *testing.M) {
	storetest.IfClaimer(openStore)
	if file := os.Getenv(writerFile); file != "" {
		write(file)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}
