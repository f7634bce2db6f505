// Package bench tests `throng bench` as its users run it: the built program
// against a built throng. Run it with -count=1: go test does not see what the
// program is made of.
package bench

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
