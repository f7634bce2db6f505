package api

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"throng"
)

// span is a period that was asked for. Its ends are times as people and programs
// write them, see moment.
type span struct {
	From json.RawMessage `json:"from,omitempty" doc:"Where the period begins: milliseconds since 1970, or a string: RFC 3339, a day of UTC (2026-01-31), now, or how long ago (-90m, -24h, -7d, -4w)."`
	To   json.RawMessage `json:"to,omitempty" doc:"Where it ends, written as from; now if it is not there."`
}

// read returns a period in milliseconds since 1970. Where it has no beginning it goes
// usual back from its end; with a usual of 0, to the beginning of time.
func (s *span) read(now int64, usual time.Duration) (from, to int64, err *throng.Error) {
	if to, err = moment("to", s.To, now, now); err != nil {
		return 0, 0, err
	}
	begin := int64(0)
	if usual > 0 {
		begin = max(to-usual.Milliseconds(), 0)
	}
	if from, err = moment("from", s.From, now, begin); err != nil {
		return 0, 0, err
	}
	if from >= to {
		return 0, 0, bad("from: the period ends before it begins")
	}
	return from, to, nil
}

// moment reads a time; without one it is otherwise.
func moment(field string, raw json.RawMessage, now, otherwise int64) (int64, *throng.Error) {
	text := strings.TrimSpace(string(raw))
	if text == "" || text == "null" || text == `""` {
		return otherwise, nil
	}
	if text[0] == '"' && json.Unmarshal(raw, &text) != nil {
		return 0, bad("%s: a time is needed", field)
	}
	ms, ok := parseMoment(text, now)
	if !ok {
		return 0, bad("%s: a time is needed: RFC 3339, a day (2026-01-31), how long ago (-24h, -7d), or milliseconds since 1970", field)
	}
	return ms, nil
}

// parseMoment reads a time as milliseconds since 1970, between 0 and the year 9999.
func parseMoment(text string, now int64) (ms int64, ok bool) {
	if text == "now" {
		return now, true
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, n >= 0 && n/1000 <= maxExpiry
	}
	if ago, found := strings.CutPrefix(text, "-"); found {
		d, ok := parseAgo(ago)
		return max(now-d, 0), ok
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t, err = time.Parse(time.DateOnly, text)
	}
	if err != nil || t.Unix() < 0 || t.Unix() > maxExpiry {
		return 0, false
	}
	return t.UnixMilli(), true
}

// parseAgo reads a length as time.ParseDuration does, and before that days and weeks:
// 90m, 1d12h, 2w. It returns milliseconds.
func parseAgo(text string) (ms int64, ok bool) {
	for _, unit := range []struct {
		name string
		ms   int64
	}{{"w", 7 * 24 * 3600_000}, {"d", 24 * 3600_000}} {
		number, rest, found := strings.Cut(text, unit.name)
		if !found {
			continue
		}
		n, err := strconv.ParseUint(number, 10, 32)
		if err != nil || int64(n) > (math.MaxInt64-ms)/unit.ms {
			return 0, false
		}
		ms += int64(n) * unit.ms
		if text = rest; text == "" {
			return ms, true
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || strings.ContainsAny(text[:1], "+-") {
		return 0, false
	}
	if ms > math.MaxInt64-d.Milliseconds() {
		return 0, false
	}
	return ms + d.Milliseconds(), true
}
