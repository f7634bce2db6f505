package tries_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"throng/test/tries"
)

// A try that fails, by whatever word, is followed by a longer one, when its own remains
// were cleared away; one that holds is the last.
func TestLonger(t *testing.T) {
	var steps []string
	tries.Longer(t, 500*time.Millisecond, func(t testing.TB, unit time.Duration) {
		steps = append(steps, fmt.Sprint(unit))
		t.Cleanup(func() { steps = append(steps, "last") })
		t.Cleanup(func() {
			steps = append(steps, "first")
			if unit == 1500*time.Millisecond {
				t.FailNow()
			}
		})
		if unit == 500*time.Millisecond {
			t.Fatalf("at once")
			steps = append(steps, "it went on")
		}
	})
	if want := []string{"500ms", "first", "last", "1.5s", "first", "last", "3s", "first", "last"}; !slices.Equal(steps, want) {
		t.Errorf("%q, want %q", steps, want)
	}
}
