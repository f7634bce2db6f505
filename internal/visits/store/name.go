package store

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Text writes a name so that every database can hold it: as it is, if it is UTF-8
// without zero bytes. Other bytes become \x and two digits, and a \x that was there
// before becomes \x5cx, so that no two names are written alike.
func Text(name string) string {
	if plain(name) {
		return name
	}
	var b strings.Builder
	for i := 0; i < len(name); {
		r, size := utf8.DecodeRuneInString(name[i:])
		switch {
		case r == 0, r == utf8.RuneError && size == 1, r == '\\' && strings.HasPrefix(name[i:], `\x`):
			b.WriteString(`\x`)
			b.WriteByte(hexDigits[name[i]>>4])
			b.WriteByte(hexDigits[name[i]&15])
		default:
			b.WriteString(name[i : i+size])
		}
		i += size
	}
	return b.String()
}

func plain(name string) bool {
	return utf8.ValidString(name) && strings.IndexByte(name, 0) < 0 && !strings.Contains(name, `\x`)
}

// Name is the name that Text wrote.
func Name(text string) string {
	if !strings.Contains(text, `\x`) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if strings.HasPrefix(text[i:], `\x`) && len(text) >= i+4 {
			high, low := strings.IndexByte(hexDigits, text[i+2]), strings.IndexByte(hexDigits, text[i+3])
			if high >= 0 && low >= 0 {
				b.WriteByte(byte(high<<4 | low))
				i += 3
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

const hexDigits = "0123456789abcdef"

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
