// Package proxies tests a built throng behind nginx and HAProxy, with the
// configurations of deploy/ as they are shipped: the tests replace addresses and
// paths in them and nothing else. Run it with -count=1: go test does not see what
// the program, the scripts and the configurations are made of.
package proxies

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
