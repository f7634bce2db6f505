package config

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// linesOf finds the line of every key and table header in a valid TOML document,
// by dotted path; elements of arrays are counted: "namespace[1].name". go-toml
// tells lines only for its own errors, not for values that we refuse. The
// package's name is about its interface, which go.mod pins.
func linesOf(data []byte) map[string]int {
	var p unstable.Parser
	p.Reset(data)
	l := liner{parser: &p, lines: map[string]int{}, line: 1}
	elements := map[string]int{} // of each array of tables
	table := ""
	for p.NextExpression() {
		switch e := p.Expression(); e.Kind {
		case unstable.Table:
			table = l.key("", e)
		case unstable.ArrayTable:
			name := keyOf("", e)
			table = fmt.Sprintf("%s[%d]", name, elements[name])
			elements[name]++
			l.note(name, e)
			l.note(table, e)
		case unstable.KeyValue:
			l.pair(table, e)
		}
	}
	return l.lines
}

// liner walks a document from its beginning to its end and counts lines.
type liner struct {
	parser *unstable.Parser
	lines  map[string]int
	line   int
	offset int
}

// pair notes a key, and those within its value.
func (l *liner) pair(table string, e *unstable.Node) {
	path := l.key(table, e)
	switch v := e.Value(); v.Kind {
	case unstable.InlineTable:
		l.inline(path, v)
	case unstable.Array:
		it := v.Children()
		for i := 0; it.Next(); i++ {
			if it.Node().Kind == unstable.InlineTable {
				element := fmt.Sprintf("%s[%d]", path, i)
				l.lines[element] = l.lines[path]
				l.inline(element, it.Node())
			}
		}
	}
}

func (l *liner) inline(path string, table *unstable.Node) {
	it := table.Children()
	for it.Next() {
		if it.Node().Kind == unstable.KeyValue {
			l.pair(path, it.Node())
		}
	}
}

// key notes the key of e within a table and returns its path.
func (l *liner) key(table string, e *unstable.Node) string {
	path := keyOf(table, e)
	l.note(path, e)
	return path
}

// note remembers the line of the first of the keys of e.
func (l *liner) note(path string, e *unstable.Node) {
	it := e.Key()
	it.Next()
	at := int(it.Node().Raw.Offset)
	l.line += bytes.Count(l.parser.Data()[l.offset:at], []byte("\n"))
	l.offset = at
	if l.lines[path] == 0 {
		l.lines[path] = l.line
	}
}

func keyOf(table string, e *unstable.Node) string {
	var parts []string
	if table != "" {
		parts = append(parts, table)
	}
	it := e.Key()
	for it.Next() {
		parts = append(parts, string(it.Node().Data))
	}
	return strings.Join(parts, ".")
}
