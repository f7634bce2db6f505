package scenario

import (
	"fmt"
	"strconv"
	"strings"
)

// Pattern is a channel's name with holes: {user} is the user's number within its
// group, from 0; {user/1000} and {user%10} are what they are in arithmetic;
// {random 10} is a number below 10, another one in each round of a script.
type Pattern struct {
	parts []part
}

type part struct {
	text string // before the hole
	op   byte   // 0: no hole; 'u', '/', '%', 'r', in Data 'e' too
	by   int
	name string // of a member; 'e'
}

// ParsePattern reads a pattern.
func ParsePattern(s string) (Pattern, error) {
	var p Pattern
	for rest := s; rest != ""; {
		text, hole, found := strings.Cut(rest, "{")
		if !found {
			p.parts = append(p.parts, part{text: text})
			break
		}
		inside, after, closed := strings.Cut(hole, "}")
		if !closed {
			return p, fmt.Errorf("%.60q: a { without }", s)
		}
		piece, ok := parseHole(inside)
		if !ok {
			return p, fmt.Errorf("%.60q: {%.20s} is none of {user}, {user/N}, {user%%N}, {random N}", s, inside)
		}
		piece.text = text
		p.parts = append(p.parts, piece)
		rest = after
	}
	return p, nil
}

func parseHole(s string) (part, bool) {
	if s == "user" {
		return part{op: 'u'}, true
	}
	for prefix, op := range map[string]byte{"user/": '/', "user%": '%', "random ": 'r'} {
		if number, ok := strings.CutPrefix(s, prefix); ok {
			n, err := strconv.Atoi(number)
			return part{op: op, by: n}, err == nil && n > 0
		}
	}
	return part{}, false
}

// Fixed reports whether the name is the same each time for one user.
func (p Pattern) Fixed() bool {
	for _, piece := range p.parts {
		if piece.op == 'r' {
			return false
		}
	}
	return true
}

// Append appends the name for a user. random is any number, used where the
// pattern asks for one.
func (p Pattern) Append(dst []byte, user int, random uint64) []byte {
	for i := range p.parts {
		dst = p.parts[i].append(dst, user, random)
	}
	return dst
}

// append appends the text and what the hole stands for.
func (p *part) append(dst []byte, user int, random uint64) []byte {
	dst = append(dst, p.text...)
	switch p.op {
	case 'u':
		dst = strconv.AppendInt(dst, int64(user), 10)
	case '/':
		dst = strconv.AppendInt(dst, int64(user/p.by), 10)
	case '%':
		dst = strconv.AppendInt(dst, int64(user%p.by), 10)
	case 'r':
		dst = strconv.AppendUint(dst, random%uint64(p.by), 10)
	}
	return dst
}
