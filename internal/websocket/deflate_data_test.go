package websocket_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// dataKinds are the kinds of data that Autobahn's groups 12 and 13 take from
// files, made up, the same every time. "json" and "html" are text.
var dataKinds = map[string]func(n int) string{
	"prose": prose, "bitmap": bitmap, "noise": noise, "json": jsonText, "html": htmlText,
}

// testdata is n bytes of each kind.
func testdata(n int) map[string]string {
	all := make(map[string]string)
	for kind, data := range dataKinds {
		all[kind] = data(n)
	}
	return all
}

func source(kind uint64) *rand.Rand { return rand.New(rand.NewPCG(kind, 7)) }

// grow calls add until there are n bytes.
func grow(n int, add func(b *strings.Builder)) string {
	var b strings.Builder
	for b.Len() < n {
		add(&b)
	}
	return b.String()[:n]
}

func prose(n int) string {
	words := strings.Fields("der die das und nicht auch wär für über Straße Geist ruft leise fern Nacht Gewölbe steht ewig")
	r := source(1)
	return grow(n, func(b *strings.Builder) {
		b.WriteString(words[r.IntN(len(words))])
		b.WriteByte(" \n"[min(1, r.IntN(9)/8)])
	})
}

// bitmap is a picture with soft edges and some grain.
func bitmap(n int) string {
	r := source(2)
	i := 0
	return grow(n, func(b *strings.Builder) {
		x, y := i%512, i/512
		b.WriteByte(byte((x+y)/8 + r.IntN(3)))
		i++
	})
}

// noise is what can't be compressed, as the images within a PDF.
func noise(n int) string {
	r := source(3)
	return grow(n, func(b *strings.Builder) { b.WriteByte(byte(r.Uint32())) })
}

func jsonText(n int) string {
	r := source(4)
	bodies := []string{"hello there", "see you", "ok", "the quick brown fox", "as agreed"}
	return grow(n, func(b *strings.Builder) {
		fmt.Fprintf(b, `{"id":%d,"user":"user-%d","body":%q,"at":"2026-11-24T10:%02d:%02dZ","read":%v},`,
			r.IntN(1e6), r.IntN(500), bodies[r.IntN(len(bodies))], r.IntN(60), r.IntN(60), r.IntN(2) == 0)
	})
}

func htmlText(n int) string {
	r := source(5)
	return grow(n, func(b *strings.Builder) {
		fmt.Fprintf(b, "<tr class=\"row-%d\"><td>%d</td><td><a href=\"/item/%d\">item</a></td></tr>\n", r.IntN(2), r.IntN(1e5), r.IntN(1e4))
	})
}
