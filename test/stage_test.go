package clients

import (
	"testing"

	"throng/test/process"
)

// TestStage plays the mission in small: several screens of one user, another user and the
// operator, in a browser, with a demo that is killed on the way.
func TestStage(t *testing.T) {
	t.Parallel()
	requireTools(t)
	runScript(t, "stage.mjs", process.Build(t, "./cmd/throng"))
}

// TestClock holds the page's clock.
func TestClock(t *testing.T) {
	t.Parallel()
	requireTools(t)
	runScript(t, "clock.mjs")
}

// TestVerdicts holds what the page says of offers.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	requireTools(t)
	runScript(t, "verdict.mjs")
}
