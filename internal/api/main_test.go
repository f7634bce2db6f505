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
