package throng_test

import (
	"strings"
	"testing"

	"throng"
)

func TestNamespaceOf(t *testing.T) {
	for channel, want := range map[string]string{
		"":             "default",
		"news":         "default",
		"room:1":       "room",
		"room:1:2":     "room",
		"room:":        "room",
		":":            "",
		":x":           "",
		"@user:ann":    "@user",
		"Room:1":       "Room",
		"ünï:1":        "ünï",
		"a b:c":        "a b",
		"no/colon.etc": "default",
	} {
		if got := throng.NamespaceOf(channel); got != want {
			t.Errorf("NamespaceOf(%q) = %q, want %q", channel, got, want)
		}
	}
}

func TestCheckChannel(t *testing.T) {
	longest := strings.Repeat("x", throng.MaxChannelBytes)
	for channel, want := range map[string]*throng.Error{
		"news":              nil,
		"room:1":            nil,
		"a b":               nil,
		"ünïcode:✓":         nil,
		":":                 nil,
		"user@host":         nil,
		longest:             nil,
		"":                  throng.ErrBadRequest,
		longest + "x":       throng.ErrBadRequest,
		longest[1:] + "é":   throng.ErrBadRequest, // 256 bytes in 255 runes
		"room:\xff":         throng.ErrBadRequest,
		"room:\xed\xa0\x80": throng.ErrBadRequest, // a surrogate
		"a\x00b":            throng.ErrBadRequest,
		"a\nb":              throng.ErrBadRequest,
		"\t":                throng.ErrBadRequest,
		"a\x7f":             throng.ErrBadRequest,
		"@":                 throng.ErrPermissionDenied,
		"@user:ann":         throng.ErrPermissionDenied,
	} {
		if got := throng.CheckChannel(channel); got != want {
			t.Errorf("CheckChannel(%q) = %v, want %v", channel, got, want)
		}
	}
}

// The server has channels of its own, and users have one each.
func TestCheckServerChannel(t *testing.T) {
	for channel, want := range map[string]*throng.Error{
		"room:1": nil, "@user:ann": nil, "@user:a:b": nil, "@user:@": nil,
		"": throng.ErrBadRequest, "@user:": throng.ErrPermissionDenied, "@user": throng.ErrPermissionDenied,
		"@users:ann": throng.ErrPermissionDenied, "@": throng.ErrPermissionDenied, "@user:a\n": throng.ErrBadRequest,
		"@user:" + strings.Repeat("x", throng.MaxChannelBytes-6): nil,
		"@user:" + strings.Repeat("x", throng.MaxChannelBytes-5): throng.ErrBadRequest,
	} {
		if got := throng.CheckServerChannel(channel); got != want {
			t.Errorf("CheckServerChannel(%q) = %v, want %v", channel, got, want)
		}
	}
}
