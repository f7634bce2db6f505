package scenario

import (
	"fmt"
	"strings"
	"time"
)

func badDuration(b []byte) error {
	return fmt.Errorf("%.40q is not a duration: write it like \"250ms\", \"5s\", \"1m30s\"", b)
}

// Span is a time between two bounds, each as likely as any other: "1s..5s", or
// "2s" for exactly that.
type Span struct{ Min, Max time.Duration }

// Pick returns a time of the span, where share (0 to 1) says which.
func (s Span) Pick(share float64) time.Duration {
	return s.Min + time.Duration(share*float64(s.Max-s.Min))
}

// IsZero implements the interface by which the zero span is left out of TOML.
func (s Span) IsZero() bool { return s == Span{} }

// MarshalText implements encoding.TextMarshaler.
func (s Span) MarshalText() ([]byte, error) {
	if s.Min == s.Max {
		return []byte(s.Min.String()), nil
	}
	return []byte(s.Min.String() + ".." + s.Max.String()), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Span) UnmarshalText(b []byte) error {
	from, to, ranged := strings.Cut(string(b), "..")
	if !ranged {
		to = from
	}
	var err error
	if s.Min, err = time.ParseDuration(from); err != nil {
		return badDuration([]byte(from))
	}
	if s.Max, err = time.ParseDuration(to); err != nil {
		return badDuration([]byte(to))
	}
	if s.Min < 0 || s.Max < s.Min {
		return fmt.Errorf("%.60q is not a span of time: write the shorter bound first, \"1s..5s\"", b)
	}
	return nil
}
