package scenario

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Data is the JSON of an event, with the holes of a Pattern and {event.NAME}: the
// member NAME of the event that the script last waited for, a string without its
// quotes. A brace that no letter follows is JSON's own.
type Data struct {
	parts []part
}

// ParseData reads data. Nothing is {}.
func ParseData(s string) (Data, error) {
	if s == "" {
		s = "{}"
	}
	var d Data
	text := ""
	for rest := s; rest != ""; {
		before, hole, found := strings.Cut(rest, "{")
		text += before
		if !found {
			break
		}
		if hole == "" || !letter(hole[0]) {
			text, rest = text+"{", hole
			continue
		}
		inside, after, closed := strings.Cut(hole, "}")
		if !closed {
			return d, fmt.Errorf("%.60q: {%.20s without }", s, hole)
		}
		piece, ok := parseHole(inside)
		if name, told := strings.CutPrefix(inside, "event."); told && name != "" {
			piece, ok = part{op: 'e', name: name}, true
		}
		if !ok {
			return d, fmt.Errorf("%.60q: {%.20s} is none of {user}, {user/N}, {user%%N}, {random N}, {event.NAME}", s, inside)
		}
		piece.text = text
		d.parts = append(d.parts, piece)
		text, rest = "", after
	}
	d.parts = append(d.parts, part{text: text})
	return d, nil
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// check returns whether JSON comes of it.
func (d Data) check() error {
	text, _ := d.Append(nil, 1, 1, func(string) (string, bool) { return "1", true })
	if !json.Valid(text) {
		return fmt.Errorf("the data is no JSON: %.60q", text)
	}
	return nil
}

// Told reports whether it needs an event that was awaited.
func (d Data) Told() bool {
	for i := range d.parts {
		if d.parts[i].op == 'e' {
			return true
		}
	}
	return false
}

// Append appends the data for a user; event returns a member of the event that was
// awaited. Where it has none, missing is its name.
func (d Data) Append(dst []byte, user int, random uint64, event func(name string) (string, bool)) (data []byte, missing string) {
	for i := range d.parts {
		p := &d.parts[i]
		dst = p.append(dst, user, random)
		if p.op != 'e' {
			continue
		}
		value, ok := event(p.name)
		if !ok {
			return dst, p.name
		}
		dst = append(dst, value...)
	}
	return dst, ""
}
