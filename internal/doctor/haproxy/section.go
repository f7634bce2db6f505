// Package haproxy reads HAProxy configurations as far as a reader needs that
// asks what is set where: sections, lines, words, defaults, and which backend a
// request for a path may reach.
package haproxy

import (
	"fmt"
	"slices"
)

// Line is a line of a section, cut into words.
type Line struct {
	Words []string
	File  string
	At    int
}

// Where is the line's place, as file:line.
func (l *Line) Where() string { return fmt.Sprintf("%s:%d", l.File, l.At) }

// Word is a word of the line, or "".
func (l *Line) Word(i int) string {
	if l == nil || i >= len(l.Words) {
		return ""
	}
	return l.Words[i]
}

// After is the word behind a keyword of the line; ok says whether the keyword is
// there.
func (l *Line) After(keyword string) (word string, ok bool) {
	i := slices.Index(l.Words, keyword)
	if i < 0 {
		return "", false
	}
	return l.Word(i + 1), true
}

// Section is global, a defaults, frontend, backend, listen, or another one.
type Section struct {
	Kind     string
	Name     string
	Lines    []Line
	Defaults *Section // that it inherits from
	Line
}

// Own are the section's own lines that begin with these words.
func (s *Section) Own(words ...string) (lines []*Line) {
	for i := range s.Lines {
		l := &s.Lines[i]
		if len(l.Words) >= len(words) && slices.Equal(l.Words[:len(words)], words) {
			lines = append(lines, l)
		}
	}
	return lines
}

// Setting is the last line that begins with these words, of the section or else
// of its defaults, or nil.
func (s *Section) Setting(words ...string) *Line {
	for at := s; at != nil; at = at.Defaults {
		if lines := at.Own(words...); len(lines) > 0 {
			return lines[len(lines)-1]
		}
	}
	return nil
}

// Config is a configuration file.
type Config struct {
	File     string
	Sections []*Section
}

// Global returns the last global section, or nil.
func (c *Config) Global() *Section { return c.find("global", "") }

// Backend is the backend, or listen, of a name, or nil.
func (c *Config) Backend(name string) *Section {
	if s := c.find("backend", name); s != nil {
		return s
	}
	return c.find("listen", name)
}

func (c *Config) find(kind, name string) *Section {
	for i := len(c.Sections) - 1; i >= 0; i-- {
		if s := c.Sections[i]; s.Kind == kind && s.Name == name {
			return s
		}
	}
	return nil
}
