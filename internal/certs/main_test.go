package certs_test

import (
	"testing"

	"go.uber.org/goleak"

	"throng/internal/certs/certstest"
)

// Nothing of ours is ignored.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction(certstest.Endless))
}
