package auth

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// member is one of a JSON object, its value as it stands there.
type member struct {
	name  string
	value []byte
}

// wanted says which members of an object are, and how they are called: a name out of
// the program costs no memory.
type wanted func(name []byte) (string, bool)

// all wants every member.
func all(name []byte) (string, bool) { return string(name), true }

// none wants none.
func none([]byte) (string, bool) { return "", false }

// members returns those of a JSON object that are wanted. Names count exactly, each
// once: encoding/json would take "SUB" for "sub", and the last of several. It says
// what is wrong otherwise.
func members(b []byte, want wanted) (list []member, wrong string) {
	if !utf8.Valid(b) || !json.Valid(b) {
		return nil, "is not JSON"
	}
	b = trim(b)
	if b[0] != '{' {
		return nil, "is not a JSON object"
	}
	list = make([]member, 0, 8)
	for b = trim(b[1:]); b[0] != '}'; {
		var key, value []byte
		key, b = cut(b)
		value, b = cut(trim(trim(b)[1:])) // behind the colon
		if b = trim(b); b[0] == ',' {
			b = trim(b[1:])
		}
		name, ok := want(plain(key))
		if !ok {
			continue
		}
		for i := range list {
			if list[i].name == name {
				return nil, "has a member twice"
			}
		}
		list = append(list, member{name, value})
	}
	return list, ""
}

// plain is what a JSON string says, nothing for one that can't be said.
func plain(b []byte) []byte {
	if bytes.IndexByte(b, '\\') < 0 {
		return b[1 : len(b)-1]
	}
	s, _ := text(b)
	return []byte(s)
}

// trim cuts off leading white space.
func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t' || b[0] == '\n' || b[0] == '\r') {
		b = b[1:]
	}
	return b
}

// cut cuts the first value off valid JSON.
func cut(b []byte) (value, rest []byte) {
	depth, quoted := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			if quoted = !quoted; !quoted && depth == 0 {
				return b[:i+1], b[i+1:]
			}
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth == 0 { // that of the object around a number or word
				return b[:i], b[i:]
			}
			if depth--; depth == 0 {
				return b[:i+1], b[i+1:]
			}
		case depth == 0 && (c == ',' || c == ' ' || c == '\t' || c == '\n' || c == '\r'):
			return b[:i], b[i:]
		}
	}
	return b, nil
}

// elements returns the values of a JSON array, which must be valid.
func elements(b []byte) (list [][]byte, ok bool) {
	if b = trim(b); len(b) == 0 || b[0] != '[' {
		return nil, false
	}
	for b = trim(b[1:]); b[0] != ']'; {
		var v []byte
		v, b = cut(b)
		list = append(list, v)
		if b = trim(b); b[0] == ',' {
			b = trim(b[1:])
		}
	}
	return list, true
}

// text reads a JSON string. Half of a surrogate pair, for which there is no rune, is
// refused rather than replaced: two names must not become one.
func text(b []byte) (s string, ok bool) {
	if len(b) < 2 || b[0] != '"' {
		return "", false
	}
	if bytes.IndexByte(b, '\\') < 0 {
		return string(b[1 : len(b)-1]), true
	}
	if json.Unmarshal(b, &s) != nil || strings.ContainsRune(s, utf8.RuneError) {
		return "", false
	}
	return s, true
}
