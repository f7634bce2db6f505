package store_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"throng/internal/store"
)

func TestText(t *testing.T) {
	for name, want := range map[string]string{
		"":                         "",
		"ann":                      "ann",
		`DOMAIN\ann`:               `DOMAIN\ann`,
		"ñ😀":                       "ñ😀",
		"a\x00b and more":          `a\x00b and more`,
		"a\xffb and more":          `a\xffb and more`,
		`a\x00b and more`:          `a\x5cx00b and more`,
		`a\Xb`:                     `a\x5cXb`,
		"\x00":                     `\x00`,
		"\x00\xff":                 `\X00ff`,
		strings.Repeat("\xff", 90): `\X` + strings.Repeat("ff", 90),
	} {
		if got := store.Text(name); got != want {
			t.Errorf("Text(%q) = %q, want %q", name, got, want)
		}
	}
}

func FuzzText(f *testing.F) {
	for _, seed := range []string{"ann", "\x00", "\xff\\x", `\X00`, `\x5cx`, `\`, "é\xc3"} {
		f.Add(seed, "x")
	}
	f.Fuzz(func(t *testing.T, name, other string) {
		text := store.Text(name)
		if !utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0 {
			t.Errorf("Text(%q) = %q, which databases don't take", name, text)
		}
		if len(text) > 2*len(name)+2 {
			t.Errorf("Text(%q) has %d bytes for %d", name, len(text), len(name))
		}
		if got := store.Name(text); got != name {
			t.Errorf("Name(Text(%q)) = %q", name, got)
		}
		if name != other && text == store.Text(other) {
			t.Errorf("%q and %q are written alike: %q", name, other, text)
		}
		_ = store.Name(other) // whatever a database has
	})
}

func TestAfter(t *testing.T) {
	for prefix, want := range map[string]string{
		"": "", "a": "b", "ann": "ano", "a\U0010FFFF": "b", "\U0010FFFF": "", "\uD7FF": "\uE000", "\x7f": "\u0080",
	} {
		if got := store.After(prefix); got != want {
			t.Errorf("After(%q) = %q, want %q", prefix, got, want)
		}
	}
}

func FuzzAfter(f *testing.F) {
	f.Add("a", "b")
	f.Add("a\U0010FFFF", "\U0010FFFF")
	f.Fuzz(func(t *testing.T, prefix, rest string) {
		if !utf8.ValidString(prefix) || !utf8.ValidString(rest) {
			return
		}
		after := store.After(prefix)
		if after == "" {
			if strings.Trim(prefix, "\U0010FFFF") != "" {
				t.Errorf("nothing is after %q", prefix)
			}
			return
		}
		if !utf8.ValidString(after) || prefix+rest >= after || strings.HasPrefix(after, prefix) && prefix != "" {
			t.Errorf("After(%q) = %q", prefix, after)
		}
	})
}
