package certs_test

import (
	"testing"

	"go.uber.org/goleak"
)

// Pebble's validation authority has one goroutine that reads tasks for ever; it has
// no Close. Nothing of ours is ignored.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/letsencrypt/pebble/v2/va.VAImpl.processTasks"))
}
