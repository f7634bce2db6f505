package scenario_test

import (
	"encoding"
	"testing"
	"time"

	"throng/internal/bench/scenario"
)

func TestPatterns(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                       "",
		"plain":                  "plain",
		"u{user}":                "u1234",
		"{user/1000}.{user%10}!": "1.4!",
		"{user}{user}":           "12341234",
		"r{random 10}":           "r7",
		"}{random 1}}":           "}0}",
	} {
		p, err := scenario.ParsePattern(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got := string(p.Append([]byte("> "), 1234, 57)); got != "> "+want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	for _, text := range []string{"{", "a{user", "{}", "{USER}", "{user/0}", "{user%-1}", "{random}", "{random 0}", "{user/x}", "{user/99999999999999999999}"} {
		if _, err := scenario.ParsePattern(text); err == nil {
			t.Errorf("%q is no error", text)
		}
	}
}

func TestFixed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{"c": true, "{user%5}": true, "{user}-{random 5}": false} {
		if p, _ := scenario.ParsePattern(text); p.Fixed() != want {
			t.Errorf("%q: %v", text, p.Fixed())
		}
	}
}

func TestSpans(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]scenario.Span{
		"1s..5s": {Min: time.Second, Max: 5 * time.Second}, "2s": {Min: 2 * time.Second, Max: 2 * time.Second}, "0s..1ms": {Max: time.Millisecond},
	} {
		var s scenario.Span
		if err := s.UnmarshalText([]byte(text)); err != nil || s != want || s.IsZero() {
			t.Errorf("%q: %+v, %v", text, s, err)
		}
		if b, err := s.MarshalText(); err != nil || string(b) != text {
			t.Errorf("%+v: %q, %v", s, b, err)
		}
		for share, at := range map[float64]time.Duration{0: want.Min, 1: want.Max, 0.5: (want.Min + want.Max) / 2} {
			if got := s.Pick(share); got != at {
				t.Errorf("%v of %s: %v, want %v", share, text, got, at)
			}
		}
	}
	if !(scenario.Span{}).IsZero() {
		t.Error("the zero span is none")
	}
	wrong(t, &scenario.Span{}, "", "5", "5s..", "..5s", "5s..1s", "-1s", "1s...5s", "off")
}

func TestDurations(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]scenario.Duration{"250ms": 250e6, "1m30s": 90e9, "0s": 0, "off": scenario.Off} {
		var d scenario.Duration
		if err := d.UnmarshalText([]byte(text)); err != nil || d != want {
			t.Errorf("%q: %v, %v", text, d, err)
		}
		if b, err := d.MarshalText(); err != nil || string(b) != text {
			t.Errorf("%v: %q, %v", d, b, err)
		}
	}
	wrong(t, new(scenario.Duration), "", "5", "-1s", "OFF", "5 s", "99999999999h")
}

func wrong(t *testing.T, into encoding.TextUnmarshaler, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if into.UnmarshalText([]byte(text)) == nil {
			t.Errorf("%q is no error", text)
		}
	}
}
