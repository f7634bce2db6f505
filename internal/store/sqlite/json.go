package sqlite

import (
	"strconv"

	"throng"
	"throng/internal/store"
)

// Rows go to SQLite as one JSON array of arrays, which json_each takes apart: one
// statement a list, however many rows.

// visits writes rows: user, channel, kind, start, end, reason, number.
func visits(rows []store.Row) string {
	b := append(make([]byte, 0, 96*len(rows)+2), '[')
	for i := range rows {
		r := &rows[i]
		b = separate(b, i)
		b = appendText(append(b, '['), r.User)
		b = appendText(append(b, ','), r.Channel)
		b = strconv.AppendUint(append(b, ','), uint64(r.Kind), 10)
		b = strconv.AppendInt(append(b, ','), r.StartedAt, 10)
		b = strconv.AppendInt(append(b, ','), r.EndedAt, 10)
		b = appendText(append(b, ','), string(r.Reason))
		b = strconv.AppendInt(append(b, ','), r.Number, 10)
		b = append(b, ']')
	}
	return string(append(b, ']'))
}

// sums writes what days get: day, channel, kind, user, milliseconds, visits.
func sums(list []store.Sum) string {
	b := append(make([]byte, 0, 96*len(list)+2), '[')
	for i := range list {
		s := &list[i]
		b = separate(b, i)
		b = appendText(append(b, '['), store.DayName(s.Day))
		b = appendText(append(b, ','), s.Channel)
		b = strconv.AppendUint(append(b, ','), uint64(s.Kind), 10)
		b = appendText(append(b, ','), s.User)
		b = strconv.AppendInt(append(b, ','), s.Milliseconds, 10)
		b = strconv.AppendInt(append(b, ','), s.Visits, 10)
		b = append(b, ']')
	}
	return string(append(b, ']'))
}

// points writes points of the curve: time, channel, connections, users.
func points(list []throng.Occupancy) string {
	b := append(make([]byte, 0, 64*len(list)+2), '[')
	for i := range list {
		o := &list[i]
		b = separate(b, i)
		b = strconv.AppendInt(append(b, '['), o.At, 10)
		b = appendText(append(b, ','), o.Channel)
		b = strconv.AppendInt(append(b, ','), o.Connections, 10)
		b = strconv.AppendInt(append(b, ','), o.Users, 10)
		b = append(b, ']')
	}
	return string(append(b, ']'))
}

func separate(b []byte, i int) []byte {
	if i > 0 {
		return append(b, ',')
	}
	return b
}

// appendText writes a JSON string. It is valid UTF-8: store.Text made it.
func appendText(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ':
			b = append(b, '\\', 'u', '0', '0', '0'+c>>4, "0123456789abcdef"[c&15])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}
