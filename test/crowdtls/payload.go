package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// payload is the next message's: an object of the size that was asked for.
func (c *crowd) payload() []byte {
	if c.json {
		return records(c.size, c.sent)
	}
	return []byte(`{"m":"` + strings.Repeat("x", max(0, c.size-8)) + `"}`)
}

// records is JSON as servers send it: the same keys again and again, with values
// that differ. It is the same for the same number, so that runs can be compared.
func records(size, number int) []byte {
	const note, end = `],"note":"`, `"}`
	r := rand.New(rand.NewPCG(1, uint64(number)))
	b := fmt.Appendf(nil, `{"sequence":%d,"trades":[`, number)
	for comma := ""; ; comma = "," {
		one := comma + trade(r)
		if len(b)+len(one)+len(note)+len(end) > size {
			break
		}
		b = append(b, one...)
	}
	b = append(b, note...)
	for len(b)+len(end) < size {
		b = append(b, "etaoinshrdlu "[r.IntN(13)])
	}
	return append(b, end...)
}

func trade(r *rand.Rand) string {
	letter := func() rune { return 'A' + r.Int32N(26) }
	side := [...]string{"buy", "sell"}[r.IntN(2)]
	return fmt.Sprintf(`{"id":"%08x","symbol":"%c%c%c-USD","side":%q,"price":%.2f,"quantity":%d,"at":"2026-07-%02dT%02d:%02d:%02d.%03dZ"}`,
		r.Uint32(), letter(), letter(), letter(), side, 1000*r.Float64(), 1+r.IntN(500),
		1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60), r.IntN(1000))
}
