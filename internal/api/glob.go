package api

import (
	"regexp"
	"strings"

	"throng"
)

// glob is a pattern of channel names, as Centrifugo has it: * is any text, ? one
// character, [ab], [a-z] and [!a] one of a set, {one,two} one of several, \ takes
// the meaning from what follows.
type glob struct {
	prefix string         // what all names begin with
	rest   *regexp.Regexp // of whole names; linear, whatever the pattern
	any    bool           // all names with the prefix
}

const maxPattern = 255

func parseGlob(pattern string) (*glob, *throng.Error) {
	if len(pattern) > maxPattern {
		return nil, bad("pattern: it has at most %d bytes", maxPattern)
	}
	g := &glob{prefix: pattern}
	if i := strings.IndexAny(pattern, `*?[]{}\`); i >= 0 {
		g.prefix = pattern[:i]
	}
	if rest := pattern[len(g.prefix):]; rest == "*" || rest == "**" {
		g.any = true
		return g, nil
	}
	expr, ok := translate(pattern)
	if !ok {
		return nil, bad("pattern: a bracket is not closed, or \\ is at the end")
	}
	rest, err := regexp.Compile(expr)
	if err != nil {
		return nil, bad("pattern: %q is not a pattern", pattern)
	}
	g.rest = rest
	return g, nil
}

func (g *glob) match(name string) bool {
	return strings.HasPrefix(name, g.prefix) && (g.any || g.rest.MatchString(name))
}

// translate writes a pattern as a regular expression.
func translate(pattern string) (expr string, ok bool) {
	var b strings.Builder
	b.WriteString(`(?s)\A(?:`)
	depth := 0
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; c {
		case '*':
			b.WriteString(`.*`)
		case '?':
			b.WriteByte('.')
		case '{':
			depth++
			b.WriteString(`(?:`)
		case '}':
			if depth--; depth < 0 {
				return "", false
			}
			b.WriteByte(')')
		case ',':
			if depth > 0 {
				b.WriteByte('|')
			} else {
				b.WriteByte(',')
			}
		case '[':
			end := strings.IndexByte(pattern[i:], ']')
			if end < 2 {
				return "", false
			}
			b.WriteString(set(pattern[i+1 : i+end]))
			i += end
		case '\\':
			if i++; i == len(pattern) {
				return "", false
			}
			b.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		default:
			b.WriteString(quoteByte(c))
		}
	}
	b.WriteString(`)\z`)
	return b.String(), depth == 0
}

// quoteByte leaves the bytes of longer characters together.
func quoteByte(c byte) string {
	if c >= 0x80 {
		return string([]byte{c})
	}
	return regexp.QuoteMeta(string(rune(c)))
}

// set writes the inside of brackets.
func set(inside string) string {
	negated := strings.HasPrefix(inside, "!") || strings.HasPrefix(inside, "^")
	if negated {
		inside = inside[1:]
	}
	inside = strings.NewReplacer(`\`, `\\`, `[`, `\[`, `^`, `\^`, `&`, `\&`).Replace(inside)
	if negated {
		return "[^" + inside + "]"
	}
	return "[" + inside + "]"
}
