package api_test

import (
	"flag"
	"testing"

	"go.uber.org/goleak"
)

var update = flag.Bool("update", false, "write openapi.json and the reference in docs/api.md anew")

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// bulky begins a test of sizes, for which the race detector takes minutes. The same
// calls in small are in other tests.
func bulky(t *testing.T) {
	t.Helper()
	if underRace {
		t.Skip("about sizes, not about races")
	}
}
