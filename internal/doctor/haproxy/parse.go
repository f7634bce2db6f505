package haproxy

import (
	"fmt"
	"slices"
	"strings"
)

// Error is why a file can't be read as a configuration.
type Error struct {
	File string
	Line int
	Msg  string
}

func (e *Error) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Msg) }

// kinds are the words that begin a section.
var kinds = [...]string{
	"global", "defaults", "frontend", "backend", "listen", "peers", "resolvers", "mailers", "userlist", "cache",
	"program", "http-errors", "ring", "log-forward", "log-profile", "fcgi-app", "crt-store", "traces", "acme",
}

// Parse reads a configuration.
func Parse(file, text string) (*Config, error) {
	c := &Config{File: file}
	var now, defaults *Section
	at := 0
	for line := range strings.Lines(text) {
		at++
		words, err := split(line)
		if err != "" {
			return nil, &Error{file, at, err}
		}
		switch {
		case len(words) == 0, strings.HasPrefix(words[0], "."): // .if, .notice
		case slices.Contains(kinds[:], words[0]):
			now = &Section{Kind: words[0], Line: Line{words, file, at}}
			now.Name = now.Word(1)
			if now.Kind != "defaults" { // those begin anew
				now.Defaults = defaults
			}
			if from, ok := now.After("from"); ok {
				now.Defaults = c.find("defaults", from)
			}
			switch now.Kind {
			case "defaults":
				defaults = now
			case "global":
				now.Name, now.Defaults = "", nil
			case "frontend", "backend", "listen":
				if now.Name == "" {
					return nil, &Error{file, at, now.Kind + " has no name"}
				}
			}
			c.Sections = append(c.Sections, now)
		case now == nil:
			return nil, &Error{file, at, fmt.Sprintf("%q stands in no section", words[0])}
		default:
			now.Lines = append(now.Lines, Line{words, file, at})
		}
	}
	return c, nil
}

// split cuts a line into words. msg says what is wrong with it.
func split(line string) (words []string, msg string) {
	var b strings.Builder
	var quote byte
	began := false
	flush := func() {
		if began {
			words = append(words, b.String())
		}
		b.Reset()
		began = false
	}
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case quote == '\'' && c != quote, quote == '"' && c != quote && c != '\\':
			b.WriteByte(c)
		case quote != 0 && c == quote:
			quote = 0
		case c == '\\' && i+1 < len(line):
			i++
			b.WriteByte(line[i])
			began = true
		case c == '"', c == '\'':
			quote, began = c, true
		case c == '#':
			flush()
			return words, ""
		case c == ' ', c == '\t', c == '\r', c == '\n':
			flush()
		default:
			b.WriteByte(c)
			began = true
		}
	}
	if quote != 0 {
		return nil, "a quote is not closed"
	}
	flush()
	return words, ""
}
