package store

import (
	"encoding/hex"
	"slices"
	"strings"
	"unicode/utf8"
)

// Text writes a name so that every database can hold it: as it is, if it is UTF-8
// without zero bytes. Other bytes become \x and two digits, and the backslash of a \x
// or \X that was there before becomes \x5c, so that no two names are written alike. A
// name that would grow to more than twice its length is \X and the digits of all its
// bytes: keys of databases have a longest length too.
func Text(name string) string {
	if plain(name) {
		return name
	}
	var b strings.Builder
	for i := 0; i < len(name); {
		r, size := utf8.DecodeRuneInString(name[i:])
		if r == 0 || r == utf8.RuneError && size == 1 || r == '\\' && escape(name[i:]) {
			b.WriteString(`\x`)
			b.WriteString(hex.EncodeToString([]byte(name[i : i+1])))
		} else {
			b.WriteString(name[i : i+size])
		}
		i += size
	}
	if b.Len() > 2*len(name)+2 {
		return `\X` + hex.EncodeToString([]byte(name))
	}
	return b.String()
}

func plain(name string) bool {
	return utf8.ValidString(name) && strings.IndexByte(name, 0) < 0 && !strings.Contains(name, `\x`) && !strings.Contains(name, `\X`)
}

func escape(s string) bool { return strings.HasPrefix(s, `\x`) || strings.HasPrefix(s, `\X`) }

// Name is the name that Text wrote.
func Name(text string) string {
	if digits, all := strings.CutPrefix(text, `\X`); all {
		if b, err := hex.DecodeString(digits); err == nil {
			return string(b)
		}
	}
	if !strings.Contains(text, `\x`) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if strings.HasPrefix(text[i:], `\x`) && len(text) >= i+4 {
			if c, err := hex.DecodeString(text[i+2 : i+4]); err == nil {
				b.Write(c)
				i += 3
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// After is the first text, in the order of bytes, that is behind all texts with this
// prefix; empty if there is none.
func After(prefix string) string {
	for prefix != "" {
		r, size := utf8.DecodeLastRuneInString(prefix)
		prefix = prefix[:len(prefix)-size]
		switch {
		case r == utf8.MaxRune:
			continue // the next larger one is behind the shorter prefix
		case r == 0xD7FF:
			r = 0xE000 // between them are no characters
		default:
			r++
		}
		return prefix + string(r)
	}
	return ""
}

// SortNames turns texts into names, in order.
func SortNames(texts []string) {
	for i := range texts {
		texts[i] = Name(texts[i])
	}
	slices.Sort(texts)
}
