package visits_test

import (
	"flag"
	"fmt"
	"testing"
)

var seedsFlag = flag.Int("visits.seeds", 5, "how many runs TestBooksAreTrue makes")

// TestBooksAreTrue drives two nodes through whatever can happen: users who come and go
// with several tabs, in channels too, and say what they watch, tabs that vanish, crashes, orderly stops, lines to the store that break in four
// ways, outages of the store, and clocks that are set. Then the books are compared
// with what was.
func TestBooksAreTrue(t *testing.T) {
	seeds := *seedsFlag
	if testing.Short() {
		seeds = 2
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) { newModel(t, w, uint64(seed), 5).play() })
		})
	}
}
