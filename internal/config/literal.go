package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// literal writes a setting's value as TOML. Strings hold no control characters
// (readString), so that Go's quotes are TOML's.
func literal(value any) string {
	switch v := value.(type) {
	case string:
		return strconv.Quote(v)
	case []string:
		items := make([]string, len(v))
		for i, s := range v {
			items[i] = strconv.Quote(s)
		}
		return "[" + strings.Join(items, ", ") + "]"
	case time.Duration:
		return strconv.Quote(shortDuration(v))
	case Size:
		return strconv.Quote(v.String())
	}
	return fmt.Sprint(value)
}

// shortDuration leaves the zeros out of time.Duration's "1h0m0s".
func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
