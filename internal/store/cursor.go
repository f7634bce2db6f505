package store

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"throng"
)

// List says what a cursor belongs to.
type List byte

// The lists that have pages.
const (
	OnlineList   List = 'o' // numbers: how many there are; texts: user
	SessionsList List = 's' // numbers: start, epoch, number
	WatchedList  List = 'w' // numbers: day; texts: user, channel
	BonusList    List = 'b' // numbers: when it was created; texts: ID
	ClaimList    List = 'c' // numbers: place; texts: bonus
)

// Cursor is where a page ended.
type Cursor struct {
	Numbers []int64 // not negative
	Texts   []string
}

// String writes a cursor for a client to give back. It is no secret: who looks can read
// the entry that the page ended with, so a list has only what its reader may know.
func (c Cursor) String(list List) string {
	b := []byte{byte(list)}
	for _, n := range c.Numbers {
		b = binary.AppendUvarint(b, uint64(n))
	}
	for _, text := range c.Texts {
		b = binary.AppendUvarint(b, uint64(len(text)))
		b = append(b, text...)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// ParseCursor reads what String wrote for the same list, with as many numbers and
// texts. Anything else is throng.ErrBadCursor.
func ParseCursor(s string, list List, numbers, texts int) (Cursor, error) {
	var c Cursor
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) == 0 || List(b[0]) != list {
		return c, throng.ErrBadCursor
	}
	rest := b[1:]
	for range numbers {
		n, size := binary.Uvarint(rest)
		if size <= 0 || int64(n) < 0 {
			return c, throng.ErrBadCursor
		}
		c.Numbers, rest = append(c.Numbers, int64(n)), rest[size:]
	}
	for range texts {
		n, size := binary.Uvarint(rest)
		if size <= 0 || n > uint64(len(rest)-size) {
			return c, throng.ErrBadCursor
		}
		text := string(rest[size : size+int(n)])
		if !utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0 {
			return c, throng.ErrBadCursor // no database would take it
		}
		c.Texts, rest = append(c.Texts, text), rest[size+int(n):]
	}
	// One place has one cursor: longer forms of numbers and stray bits are not ours.
	if again := c.String(list); len(rest) > 0 || again != s {
		return Cursor{}, throng.ErrBadCursor
	}
	return c, nil
}
