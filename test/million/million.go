// Package million is what the benchmarks with very many of something share: how
// many, what memory they take, and how long somebody had to wait meanwhile.
package million

import (
	"os"
	"strconv"
	"testing"
)

const (
	crowd = 1_000_000
	few   = 10_000
)

// Size is how many a benchmark makes: a million, 10,000 with -short, or what the
// environment variable MILLION says.
func Size(b *testing.B) int {
	b.Helper()
	if given := os.Getenv("MILLION"); given != "" {
		n, err := strconv.Atoi(given)
		if err != nil || n < 1 {
			b.Fatalf("MILLION=%q is not a number of sessions", given)
		}
		return n
	}
	if testing.Short() {
		return few
	}
	return crowd
}
