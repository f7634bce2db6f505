package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// text is a value from the environment or the command line, which has no type
// yet. Values from the file come as go-toml decodes them, and their type counts:
// loops = "4" is an error.
type text string

func readBool(raw any) (bool, *Error) {
	switch v := raw.(type) {
	case bool:
		return v, nil
	case text:
		if b, err := strconv.ParseBool(string(v)); err == nil {
			return b, nil
		}
	}
	return false, fail("write true or false", "%s is not true or false", show(raw))
}

func readInt(raw any) (int, *Error) {
	switch v := raw.(type) {
	case int64:
		if v >= math.MinInt && v <= math.MaxInt {
			return int(v), nil
		}
	case text:
		if n, err := strconv.Atoi(string(v)); err == nil {
			return n, nil
		}
	}
	return 0, fail("write digits, without quotes or unit", "%s is not an integer", show(raw))
}

func readSize(raw any) (Size, *Error) {
	var s Size
	var err error
	switch v := raw.(type) {
	case int64:
		s = Size(v)
	case string:
		err = s.UnmarshalText([]byte(v))
	case text:
		err = s.UnmarshalText([]byte(v))
	default:
		err = strconv.ErrSyntax
	}
	if err != nil || s < 0 {
		return 0, fail("write a number of bytes, or a string like \"64KiB\" with one of B, KiB, MiB, GiB", "%s is not a size", show(raw))
	}
	return s, nil
}

func readDuration(raw any) (time.Duration, *Error) {
	var d time.Duration
	err := strconv.ErrSyntax
	switch v := raw.(type) {
	case string:
		d, err = time.ParseDuration(v)
	case text:
		d, err = time.ParseDuration(string(v))
	}
	if err != nil {
		return 0, fail("write a string with a unit: \"250ms\", \"60s\", \"5m\", \"1h30m\"", "%s is not a duration", show(raw))
	}
	return d, nil
}

// readString refuses control characters: no setting needs one, and a value is
// repeated in logs and in the output of Print.
func readString(raw any) (string, *Error) {
	var s string
	switch v := raw.(type) {
	case string:
		s = v
	case text:
		s = string(v)
	default:
		return "", fail("write it in quotes", "%s is not a string", show(raw))
	}
	if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return "", fail("write printable UTF-8", "%s has bytes that are not text", show(raw))
	}
	return s, nil
}

func readList(raw any) ([]string, *Error) {
	list := []string{}
	switch v := raw.(type) {
	case text:
		if v == "" {
			return list, nil
		}
		for part := range strings.SplitSeq(string(v), ",") {
			s, err := readString(text(strings.TrimSpace(part)))
			if err != nil {
				return nil, err
			}
			list = append(list, s)
		}
	case []any:
		for _, item := range v {
			s, err := readString(item)
			if err != nil {
				return nil, err
			}
			list = append(list, s)
		}
	default:
		return nil, fail("write a list: [\"one\", \"two\"]", "%s is not a list of strings", show(raw))
	}
	return list, nil
}

// show repeats a bad value, shortened.
func show(raw any) string {
	switch v := raw.(type) {
	case string, text:
		return fmt.Sprintf("%.60q", v)
	case []any:
		return "a list"
	case map[string]any:
		return "a table"
	default:
		return fmt.Sprintf("%.60s", fmt.Sprint(v))
	}
}
