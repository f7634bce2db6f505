package api_test

import (
	"testing"
	"time"

	"throng/internal/api"
)

const noon = int64(1_767_268_800_000) // 2026-01-01T12:00:00Z

func TestParseMoment(t *testing.T) {
	for text, want := range map[string]int64{
		"now": noon, "0": 0, "1767268800000": noon, "2026-01-01T12:00:00Z": noon, "2026-01-01T13:00:00+01:00": noon, "2026-01-01T12:00:00.250Z": noon + 250,
		"2026-01-01": noon - 12*3600_000, "-90m": noon - 90*60_000, "-24h": noon - 24*3600_000, "-7d": noon - 7*24*3600_000, "-4w": noon - 28*24*3600_000,
		"-1w1d1h": noon - (8*24+1)*3600_000, "-1d12h30m": noon - (36*60+30)*60_000, "-500ms": noon - 500, "-1.5h": noon - 90*60_000,
		"-99999w": 0, // before 1970 is as good as the beginning
	} {
		if got, ok := api.ParseMoment(text, noon); !ok || got != want {
			t.Errorf("%s: %d %v, want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{
		"", " ", "-", "--1h", "-+1h", "1h", "24h", "-1", "-1x", "-d", "-1d-1h", "-1d+1h", "-1h1d", "-99999999999d", "-9999999999999h", "-2562047h99999999w", "yesterday",
		"2026-13-01", "2026-01-01T12:00", "1969-12-31", "12026-01-01", "253402300800000", "9223372036854775808", "NaN", "0x10", "-0x1p-2h",
	} {
		if got, ok := api.ParseMoment(text, noon); ok {
			t.Errorf("%q: %d", text, got)
		}
	}
}

// FuzzMoment: what is taken for a time is one, and what is written as RFC 3339 is
// taken for the same.
func FuzzMoment(f *testing.F) {
	for _, text := range []string{"now", "-1w2d3h4m5.5s", "2026-01-01", "2026-01-01T12:00:00.123+14:00", "1767268800000", "-9223372036854775808", "-1d1d"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ms, ok := api.ParseMoment(text, noon)
		if !ok {
			return
		}
		if ms < 0 || ms/1000 > api.MaxExpiry {
			t.Fatalf("%q: %d", text, ms)
		}
		again, ok := api.ParseMoment(time.UnixMilli(ms).UTC().Format(time.RFC3339Nano), noon)
		if !ok || again != ms {
			t.Fatalf("%q: %d, and again %d %v", text, ms, again, ok)
		}
	})
}
