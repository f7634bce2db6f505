package config

import (
	"bufio"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// redacted stands for a secret.
const redacted = "(secret)"

// shown is the field's value as others may see it.
func (f field) shown(holder reflect.Value) any {
	v := holder.Field(f.index).Interface()
	if !f.secret() {
		return v
	}
	switch v := v.(type) {
	case string:
		if v != "" {
			return redacted
		}
	case []string:
		hidden := make([]string, len(v))
		for i := range hidden {
			hidden[i] = redacted
		}
		return hidden
	}
	return v
}

// Print writes c as TOML that Load reads back to the same configuration, once the
// secrets, which it does not show, are put in.
func Print(w io.Writer, c *Config) error {
	b := bufio.NewWriter(w)
	for _, s := range sections() {
		for _, holder := range s.holders(c) {
			header(b, s)
			for _, f := range s.fields {
				fmt.Fprintf(b, "%s = %s\n", f.name, literal(f.shown(holder)))
			}
		}
	}
	return b.Flush()
}

// WriteExample writes the defaults as TOML with a comment for every setting.
// Settings are commented out, so that a file made from the example follows the
// defaults of later versions.
func WriteExample(w io.Writer) error {
	b := bufio.NewWriter(w)
	comment(b, "Configuration of throng. Every setting is shown with its default. The environment wins over this file (THRONG_ENGINE_LOOPS sets loops in [engine]), and flags win over the environment.")
	for _, s := range sections() {
		holders, made := s.shown()
		for _, holder := range holders {
			if made {
				fmt.Fprintf(b, "\n# [[%s]]\n", s.name)
			} else {
				header(b, s)
			}
			comment(b, s.doc)
			for _, f := range s.fields {
				b.WriteByte('\n')
				comment(b, f.tag.Get("doc")+f.values())
				switch {
				case made: // nobody has one by default
					b.WriteString("# ")
				case !f.required():
					b.WriteByte('#')
				}
				fmt.Fprintf(b, "%s = %s\n", f.name, literal(holder.Field(f.index).Interface()))
			}
		}
	}
	return b.Flush()
}

// header starts a section; the top level has none.
func header(b *bufio.Writer, s section) {
	switch {
	case s.list:
		fmt.Fprintf(b, "\n[[%s]]\n", s.name)
	case s.name != "":
		fmt.Fprintf(b, "\n[%s]\n", s.name)
	}
}

// comment writes text in lines of at most 80 bytes.
func comment(b *bufio.Writer, text string) {
	line := "#"
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > 80 {
			fmt.Fprintln(b, line)
			line = "#"
		}
		line += " " + word
	}
	if line != "#" {
		fmt.Fprintln(b, line)
	}
}
