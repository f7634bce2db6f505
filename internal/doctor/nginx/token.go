package nginx

import "strings"

// kind is what a token is.
type kind int

const (
	word kind = iota
	semicolon
	open
	closed
	end
)

type token struct {
	kind kind
	text string
	line int
}

// lexer cuts a file into tokens.
type lexer struct {
	file string
	rest string
	line int
}

func (l *lexer) fail(line int, msg string) error { return &Error{l.file, line, msg} }

func (l *lexer) take() byte {
	c := l.rest[0]
	l.rest = l.rest[1:]
	if c == '\n' {
		l.line++
	}
	return c
}

// next returns the next token.
func (l *lexer) next() (token, error) {
	l.skip()
	if l.rest == "" {
		return token{end, "", l.line}, nil
	}
	line := l.line
	switch c := l.rest[0]; c {
	case ';':
		l.take()
		return token{semicolon, ";", line}, nil
	case '{':
		l.take()
		return token{open, "{", line}, nil
	case '}':
		l.take()
		return token{closed, "}", line}, nil
	case '"', '\'':
		text, err := l.quoted()
		return token{word, text, line}, err
	}
	return token{word, l.bare(), line}, nil
}

// skip passes blanks and comments.
func (l *lexer) skip() {
	for l.rest != "" {
		switch c := l.rest[0]; {
		case blank(c):
			l.take()
		case c == '#':
			for l.rest != "" && l.rest[0] != '\n' {
				l.take()
			}
		default:
			return
		}
	}
}

func blank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func (l *lexer) quoted() (string, error) {
	line, quote := l.line, l.take()
	var b strings.Builder
	for l.rest != "" {
		c := l.take()
		switch {
		case c == quote:
			return b.String(), nil
		case c == '\\' && l.rest != "":
			if l.rest[0] != quote && l.rest[0] != '\\' {
				b.WriteByte(c) // a regular expression's own
			}
			b.WriteByte(l.take())
		default:
			b.WriteByte(c)
		}
	}
	return "", l.fail(line, "a quote is not closed")
}

// bare is a word without quotes. The braces of ${name} belong to it.
func (l *lexer) bare() string {
	var b strings.Builder
	for l.rest != "" {
		c := l.rest[0]
		switch {
		case blank(c), c == ';':
			return b.String()
		case c == '{' && strings.HasSuffix(b.String(), "$"):
			for l.rest != "" && l.rest[0] != '}' && l.rest[0] != '\n' {
				b.WriteByte(l.take())
			}
			if l.rest == "" || l.rest[0] != '}' {
				return b.String()
			}
		case c == '{':
			return b.String()
		case c == '\\' && len(l.rest) > 1:
			b.WriteByte(l.take())
		}
		b.WriteByte(l.take())
	}
	return b.String()
}

// raw passes a block of another language (…_by_lua_block) whose brace was read.
func (l *lexer) raw(line int) error {
	for depth := 1; l.rest != ""; {
		switch l.take() {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return nil
			}
		}
	}
	return l.fail(line, "a block is not closed")
}
