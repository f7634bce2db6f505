package presence

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// The members of a meta that are the server's own.
var reserved = []string{"phx_ref", "phx_ref_prev", "online_at"}

// MaxMeta is the most bytes of application data that a meta has. What a token says
// beyond is left out; an update is refused.
const MaxMeta = 4096

// application returns the members that an application's JSON about a connection, and
// about it in a channel, add to a meta: those of an object, or else "info" and
// "chan_info". Of two with one name the later counts, as everywhere in JSON.
func application(info, here []byte) string {
	if len(info)+len(here) == 0 {
		return ""
	}
	b := appendMembers(nil, "info", info)
	b = appendMembers(b, "chan_info", here)
	if len(b) > MaxMeta {
		return ""
	}
	return string(b)
}

// appendMembers appends a value's members, with a comma behind each.
func appendMembers(b []byte, name string, value []byte) []byte {
	value = compact(value)
	switch {
	case len(value) == 0 || string(value) == "null" || string(value) == "{}":
		return b
	case value[0] != '{':
		b = append(append(append(b, '"'), name...), '"', ':')
		return append(append(b, value...), ',')
	case !mayName(value):
		return append(append(b, value[1:len(value)-1]...), ',')
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(value, &members) != nil {
		return b
	}
	for _, own := range reserved {
		delete(members, own)
	}
	for _, name := range sortedKeys(members) {
		b = append(appendString(b, name), ':')
		b = append(append(b, members[name]...), ',')
	}
	return b
}

func sortedKeys(m map[string]json.RawMessage) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// mayName reports whether an object may have a member that is the server's: a key may
// be written with escapes.
func mayName(object []byte) bool {
	return bytes.IndexByte(object, '\\') >= 0 || slices.ContainsFunc(reserved, func(s string) bool {
		return bytes.Contains(object, []byte(s))
	})
}

// compact returns JSON without white space, nothing for what is none.
func compact(value []byte) []byte {
	if len(value) == 0 {
		return nil
	}
	var b bytes.Buffer
	if json.Compact(&b, value) != nil {
		return nil
	}
	return b.Bytes()
}

// appendMeta appends a member's meta: what the application says, and then the
// server's own members.
func (r *room) appendMeta(b []byte, m *member) []byte {
	b = append(append(b, '{'), m.info...)
	b = append(b, `"online_at":`...)
	b = strconv.AppendInt(b, m.since, 10)
	b = append(b, `,"phx_ref":`...)
	b = r.appendRef(b, m.ref)
	if m.prev != 0 {
		b = append(b, `,"phx_ref_prev":`...)
		b = r.appendRef(b, m.prev)
	}
	return append(b, '}')
}

func (r *room) appendRef(b []byte, ref uint64) []byte {
	b = append(append(b, '"'), r.p.prefix...)
	return append(strconv.AppendUint(b, ref, 36), '"')
}

// entry is a meta and whose it is.
type entry struct {
	key  string
	meta []byte
}

// appendList appends {"<key>":{"metas":[…]},…} of entries, which it sorts.
func appendList(b []byte, list []entry) []byte {
	slices.SortStableFunc(list, func(x, y entry) int { return strings.Compare(x.key, y.key) })
	b = append(b, '{')
	for i, e := range list {
		switch {
		case i > 0 && list[i-1].key == e.key:
			b = append(b, ',')
		case i > 0:
			b = append(appendKey(append(b, `]},`...), e.key), '[')
		default:
			b = append(appendKey(b, e.key), '[')
		}
		b = append(b, e.meta...)
	}
	if len(list) > 0 {
		b = append(b, `]}`...)
	}
	return append(b, '}')
}

// appendKey appends a member of a list up to the array of its metas.
func appendKey(b []byte, key string) []byte { return append(appendString(b, key), `:{"metas":`...) }

// appendString appends a JSON string. Most keys need no escape.
func appendString(b []byte, s string) []byte {
	if !plain(s) {
		q, _ := json.Marshal(s) // strings can't fail
		return append(b, q...)
	}
	return append(append(append(b, '"'), s...), '"')
}

// stringLen is how long a JSON string is.
func stringLen(s string) int {
	if !plain(s) {
		q, _ := json.Marshal(s)
		return len(q)
	}
	return len(s) + 2
}

// plain reports whether a string needs no escape.
func plain(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
