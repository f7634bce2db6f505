package postgres_test

import (
	"testing"

	"throng/internal/store/storetest"

	"go.uber.org/goleak"
)

// TestMain is also the process that testKilledClaiming kills.
func TestMain(m *testing.M) {
	storetest.IfClaimer(openStore)
	goleak.VerifyTestMain(m)
}
