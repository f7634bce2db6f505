package config_test

import (
	"testing"

	"throng/internal/config"
)

func TestSize(t *testing.T) {
	for text, want := range map[string]config.Size{
		"0": 0, "0B": 0, "7": 7, "7B": 7, "1024": config.KiB, "64KiB": 64 * config.KiB, "1MiB": config.MiB,
		"3GiB": 3 * config.GiB, "9223372036854775807": 1<<63 - 1, "8589934591GiB": 8589934591 * config.GiB,
	} {
		var s config.Size
		if err := s.UnmarshalText([]byte(text)); err != nil || s != want {
			t.Errorf("%s: got %d, %v", text, s, err)
		}
		var again config.Size
		if err := again.UnmarshalText([]byte(s.String())); err != nil || again != s {
			t.Errorf("%v: got %v, %v", s, again, err)
		}
	}
	for _, text := range []string{"", "B", "KiB", "1 KiB", "1kib", "1K", "1KB", "-1", "+1", "1.5MiB", "0x10", "1_000", "8589934592GiB", "9223372036854775808"} {
		var s config.Size
		if err := s.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q: accepted as %v", text, s)
		}
	}
}
