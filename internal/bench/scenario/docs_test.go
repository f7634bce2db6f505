package scenario_test

import (
	"os"
	"strings"
	"testing"

	"throng/internal/bench/scenario"
)

// The documentation's example is a scenario, and its table has all that there are.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../../docs/bench.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, found := strings.Cut(string(b), "```toml\n")
	example, _, closed := strings.Cut(example, "```")
	if !found || !closed {
		t.Fatal("there is no example")
	}
	s, err := scenario.Parse([]byte(example))
	if err != nil {
		t.Fatal(err)
	}
	roundTrip(t, s)
	names, _ := scenario.Builtins()
	for _, name := range names {
		if !strings.Contains(string(b), "\n| `"+name+"` | ") {
			t.Errorf("%s is not in the table", name)
		}
	}
}
