package phoenix

import "strings"

// Version is a version of the text wire.
type Version uint8

// The versions that Phoenix serves.
const (
	V1 Version = 1
	V2 Version = 2
)

// ParseVersion chooses the wire for a client's vsn parameter; the empty string
// is a client that sent none, which means 1.0.0. It reports false for what a
// Phoenix server refuses: anything but a semantic version that satisfies
// "~> 1.0.0" or "~> 2.0.0" in the sense of Elixir's Version.match?/2. That takes
// in every later patch, build metadata, and pre-releases of every patch but the
// first, because 2.0.1-rc comes after 2.0.0 and 2.0.0-rc before it.
func ParseVersion(vsn string) (Version, bool) {
	if vsn == "" {
		return V1, true
	}
	v := V1
	rest, ok := strings.CutPrefix(vsn, "1.0.")
	if !ok {
		v = V2
		if rest, ok = strings.CutPrefix(vsn, "2.0."); !ok {
			return 0, false
		}
	}
	// The order of the cuts matters: build metadata may hold a "-".
	rest, build, hasBuild := strings.Cut(rest, "+")
	patch, pre, hasPre := strings.Cut(rest, "-")
	switch {
	case !isNumber(patch),
		hasBuild && !validIdentifiers(build, false),
		hasPre && !validIdentifiers(pre, true),
		hasPre && patch == "0":
		return 0, false
	}
	return v, true
}

// isNumber reports whether s is a decimal number without leading zeros.
func isNumber(s string) bool {
	return isDigits(s) && (s == "0" || s[0] != '0')
}

func isDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// validIdentifiers checks the dotted part after "-" or "+" (SemVer 2.0.0, items 9
// and 10). Only in a pre-release a number may not start with a zero.
func validIdentifiers(s string, pre bool) bool {
	for id := range strings.SplitSeq(s, ".") {
		if id == "" || pre && isDigits(id) && !isNumber(id) {
			return false
		}
		for i := 0; i < len(id); i++ {
			c := id[i]
			if c != '-' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
				return false
			}
		}
	}
	return true
}
