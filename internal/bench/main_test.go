package bench_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"throng/internal/bench/load"
)

// limited is set in a process that makes load with few descriptors.
const limited = "THRONG_BENCH_TEST_LIMITED"

func TestMain(m *testing.M) {
	if os.Getenv(limited) == "" {
		goleak.VerifyTestMain(m)
		return
	}
	err := limit()
	if err == nil {
		err = load.Serve(os.Stdin, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "child:", err)
		os.Exit(1)
	}
}
