package report

import (
	"math"
	"slices"
	"testing"
)

func labels(a axis) []string {
	var all []string
	for _, t := range a.ticks {
		all = append(all, t.label)
	}
	return all
}

func TestTicks(t *testing.T) {
	tests := []struct {
		name string
		axis axis
		want []string
	}{
		{"amounts", amounts(0, 15_000, short), []string{"0", "5k", "10k", "15k"}},
		{"small amounts", amounts(0.2, 0.93, short), []string{"0", "0.5", "1"}},
		{"amounts below zero", amounts(-30, 55, short), []string{"-50", "0", "50", "100"}},
		{"all below zero", amounts(-9e18, -9e18, short), []string{"-1e+19", "-5e+18", "0"}},
		{"no amounts", amounts(0, 0, short), []string{"0", "0.5", "1"}},
		{"bytes", amounts(0, 1.1e9, shortSize), []string{"0", "500 MB", "1 GB", "1.5 GB"}},
		{"magnitudes", magnitudes(0.7, 42, shortMillis), []string{"500 µs", "1 ms", "2 ms", "5 ms", "10 ms", "20 ms", "50 ms"}},
		{"far magnitudes", magnitudes(0.011, 1500, shortMillis), []string{"10 µs", "100 µs", "1 ms", "10 ms", "100 ms", "1 s"}},
		{"one magnitude", magnitudes(5, 5, shortMillis), []string{"5 ms", "10 ms", "20 ms", "50 ms"}},
		{"seconds", elapsed(60), []string{"0 s", "10 s", "20 s", "30 s", "40 s", "50 s", "60 s"}},
		{"minutes", elapsed(400), []string{"0:00", "1:00", "2:00", "3:00", "4:00", "5:00", "6:00"}},
		{"hours", elapsed(4 * 3600), []string{"0:00", "1:00 h", "2:00 h", "3:00 h", "4:00 h"}},
		{"an instant", elapsed(0), []string{"0 s", "1 s"}},
		{"shares", shares(20_000), []string{"50 %", "90 %", "99 %", "99.9 %", "99.99 %"}},
		{"few shares", shares(1), []string{"50 %", "90 %", "99 %"}},
	}
	for _, test := range tests {
		if got := labels(test.axis); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestPlaces(t *testing.T) {
	tests := []struct {
		axis axis
		v    float64
		want float64
	}{
		{axis{lo: 0, hi: 10}, 5, 0.5},
		{axis{lo: 0, hi: 10}, 50, 1},
		{axis{lo: 0, hi: 10}, -5, 0},
		{axis{lo: 1, hi: 100, log: true}, 10, 0.5},
		{axis{lo: 3, hi: 3}, 3, 0},
	}
	for _, test := range tests {
		if got := test.axis.at(test.v); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("%v on %+v: %v, want %v", test.v, test.axis, got, test.want)
		}
	}
}

// A line of many points becomes one of few that has the same peaks, in order.
func TestThin(t *testing.T) {
	points := make([]point, 5000)
	for i := range points {
		points[i] = point{float64(i), math.Sin(float64(i) / 700)}
	}
	points[1234].y, points[4321].y = 99, -99
	for i := 2000; i < 2500; i++ {
		points[i].y = unknown
	}
	few := thin(points, 480)
	if len(few) > 480 || len(few) < 400 {
		t.Errorf("%d points", len(few))
	}
	if !slices.IsSortedFunc(few, func(a, b point) int { return int(a.x - b.x) }) {
		t.Error("out of order")
	}
	has := func(p point) bool { return slices.Contains(few, p) }
	if !has(point{1234, 99}) || !has(point{4321, -99}) {
		t.Error("a peak is gone")
	}
	if !slices.ContainsFunc(few, func(p point) bool { return math.IsNaN(p.y) && p.x >= 2000 && p.x < 2500 }) {
		t.Error("the gap is gone")
	}
	if got := thin(points[:480], 480); len(got) != 480 {
		t.Errorf("few points became %d", len(got))
	}
}

func TestPath(t *testing.T) {
	c := chart{x: axis{lo: 0, hi: 4}}
	y := axis{lo: 0, hi: 10}
	got := c.path(y, []point{{0, 0}, {1, 10}, {2, unknown}, {3, 5}, {4, unknown}})
	if want := "M62 230 L183 24 M425 127h0"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestFigures(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.0004: "0", 0.0123: "0.012", 0.9996: "1.00", 1.234: "1.23", 9.996: "10.0", 53.72: "53.7",
		99.96: "100", 1234567.8: "1,234,568", -1234: "-1,234", 1e20: "1e+20", math.Inf(1): none, math.NaN(): none} {
		if got := figure(v); got != want {
			t.Errorf("%v: %q, want %q", v, got, want)
		}
	}
	for v, want := range map[float64]string{0: "0 B", 999: "999 B", 1024: "1.02 KB", 27.3e6: "27.3 MB", 6.6e9: "6.60 GB", 2e12: "2.00 TB"} {
		if got := size(v); got != want {
			t.Errorf("%v: %q, want %q", v, got, want)
		}
	}
}

func TestQuoted(t *testing.T) {
	got := quoted([]string{"throng", "bench", "--assert", "p99<50ms", "it's", "", "$HOME"})
	if want := `throng bench --assert 'p99<50ms' 'it'\''s' '' '$HOME'`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
