package websocket_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"throng/internal/websocket"
)

const (
	kosme    = "κόσμε" // Kuhn's UTF-8 stress test begins with it
	umlauts  = "Hello-µ@ßöäüàá-UTF-8!!"
	badKosme = "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited"
	beyond   = "\xf4\x90\x80\x80" // U+110000
)

// textCases are group 6. 6.4 is also about when the connection is failed; see
// TestFailFast.
func textCases() []autobahnCase {
	bad := func(id string, in ...[]byte) autobahnCase { return autobahnCase{id, in, nil, 1007} }
	cases := []autobahnCase{
		{"6.1.1", frames(frame(fin|text, "")), msgs(msg(websocket.OpText, "")), 0},
		{"6.1.2", frames(frame(text, ""), frame(cont, ""), frame(fin|cont, "")), msgs(msg(websocket.OpText, "")), 0},
		{"6.1.3", frames(frame(text, ""), frame(cont, "middle frame payload"), frame(fin|cont, "")),
			msgs(msg(websocket.OpText, "middle frame payload")), 0},
		{"6.2.1", frames(frame(fin|text, umlauts)), msgs(msg(websocket.OpText, umlauts)), 0},
		{"6.2.2", frames(frame(text, "Hello-µ@ßöä"), frame(fin|cont, "üàá-UTF-8!!")), msgs(msg(websocket.OpText, umlauts)), 0},
		{"6.2.3", octets(umlauts), msgs(msg(websocket.OpText, umlauts)), 0},
		{"6.2.4", octets(kosme), msgs(msg(websocket.OpText, kosme)), 0},
		bad("6.3.1", frame(fin|text, badKosme)),
		bad("6.3.2", octets(badKosme)...),
		bad("6.4.1", frame(text, kosme), frame(cont, beyond), frame(fin|cont, "edited")),
		bad("6.4.2", frame(text, kosme+"\xf4"), frame(cont, "\x90"), frame(fin|cont, "\x80\x80edited")),
		bad("6.4.3", frame(fin|text, kosme+beyond+"edited")),
		bad("6.4.4", frame(fin|text, kosme+"\xf4\x90")),
	}
	for i, group := range sequences() {
		for j, s := range group {
			id := fmt.Sprintf("6.%d.%d", i+5, j+1)
			if !utf8.ValidString(s) {
				cases = append(cases, bad(id, frame(fin|text, s)))
				continue
			}
			cases = append(cases, autobahnCase{id, frames(frame(fin|text, s)), msgs(msg(websocket.OpText, s)), 0})
		}
	}
	return cases
}

// octets is a text in fragments of one byte.
func octets(s string) (fs [][]byte) {
	for i := range len(s) {
		head := byte(cont)
		if i == 0 {
			head = text
		}
		if i == len(s)-1 {
			head |= fin
		}
		fs = append(fs, frame(head, s[i:i+1]))
	}
	return fs
}

// sequences are the groups 6.5 to 6.23, which are Markus Kuhn's stress test.
func sequences() [][]string {
	return [][]string{
		{"hello\x24world", "hello\xc2\xa2world", "hello\xe2\x82\xacworld", "hello\xf0\xa4\xad\xa2world", kosme}, // 6.5 valid
		prefixes(kosme), // 6.6
		{"\x00", "\xc2\x80", "\xe0\xa0\x80", "\xf0\x90\x80\x80"},                     // 6.7 first of each length
		{"\xf8\x88\x80\x80\x80", "\xfc\x84\x80\x80\x80\x80"},                         // 6.8 first of 5 and 6 bytes
		{"\x7f", "\xdf\xbf", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf"},                     // 6.9 last of each length
		{"\xf7\xbf\xbf\xbf", "\xfb\xbf\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf\xbf"},     // 6.10 last, too long
		{"\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbd", "\xf4\x8f\xbf\xbf", beyond}, // 6.11 other boundaries
		continuations(),                      // 6.12
		lonely(),                             // 6.13
		unfinished(),                         // 6.14
		{strings.Join(unfinished(), "")},     // 6.15
		{"\xfe", "\xff", "\xfe\xfe\xff\xff"}, // 6.16 impossible
		{"\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xf8\x80\x80\x80\xaf", "\xfc\x80\x80\x80\x80\xaf"},             // 6.17 overlong "/"
		{"\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xf8\x87\xbf\xbf\xbf", "\xfc\x83\xbf\xbf\xbf\xbf"},             // 6.18 longest overlong
		{"\xc0\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80", "\xf8\x80\x80\x80\x80", "\xfc\x80\x80\x80\x80\x80"},             // 6.19 overlong NUL
		{"\xed\xa0\x80", "\xed\xad\xbf", "\xed\xae\x80", "\xed\xaf\xbf", "\xed\xb0\x80", "\xed\xbe\x80", "\xed\xbf\xbf"}, // 6.20 surrogates
		pairs(),         // 6.21
		noncharacters(), // 6.22
		{"\xef\xbf\xb9", "\xef\xbf\xba", "\xef\xbf\xbb", "\xef\xbf\xbc", "\xef\xbf\xbd", "\xef\xbf\xbe", "\xef\xbf\xbf"}, // 6.23 specials
	}
}

func prefixes(s string) (all []string) {
	for i := range len(s) {
		all = append(all, s[:i+1])
	}
	return all
}

// continuations have no start: 1 to 7 of them, then all 64.
func continuations() (all []string) {
	all = append(prefixes("\x80"), prefixes("\xbf")...)
	for _, n := range []int{2, 3, 4, 5, 6} {
		all = append(all, strings.Repeat("\x80\xbf", 3)[:n])
	}
	return append(all, run(0x80, 0xbf, ""))
}

// lonely start bytes have a blank behind them instead of a continuation.
func lonely() []string {
	return []string{run(0xc0, 0xdf, " "), run(0xe0, 0xef, " "), run(0xf0, 0xf7, " "), run(0xf8, 0xfb, " "), run(0xfc, 0xfd, " ")}
}

func run(from, to byte, between string) string {
	var b strings.Builder
	for c := from; c <= to; c++ {
		b.WriteByte(c)
		b.WriteString(between)
	}
	return b.String()
}

// unfinished sequences lack their last byte.
func unfinished() []string {
	return []string{
		"\xc0", "\xe0\x80", "\xf0\x80\x80", "\xf8\x80\x80\x80", "\xfc\x80\x80\x80\x80",
		"\xdf", "\xef\xbf", "\xf7\xbf\xbf", "\xfb\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf",
	}
}

// pairs are UTF-16 surrogates, encoded one by one.
func pairs() (all []string) {
	for _, high := range []string{"\xed\xa0\x80", "\xed\xad\xbf", "\xed\xae\x80", "\xed\xaf\xbf"} {
		all = append(all, high+"\xed\xb0\x80", high+"\xed\xbf\xbf")
	}
	return all
}

// noncharacters are valid UTF-8: the last two code points of every plane.
func noncharacters() (all []string) {
	for plane := range rune(17) {
		all = append(all, string(plane<<16|0xfffe), string(plane<<16|0xffff))
	}
	return all
}

// firstBad is the index of the byte after which nothing can make a valid text of
// b any more; len(b) if there is none.
func firstBad(b string) int {
	for i := range len(b) {
		if !completable([]byte(b[:i+1]), 3) {
			return i
		}
	}
	return len(b)
}

// completable asks whether up to n more bytes make b valid, by trying: slow, but
// it shares no idea with the code under test.
func completable(b []byte, n int) bool {
	if utf8.Valid(b) {
		return true
	}
	if n == 0 {
		return false
	}
	for _, c := range []byte{0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf} {
		if completable(append(bytes.Clone(b), c), n-1) {
			return true
		}
	}
	return false
}

// TestFailFast is the strict reading of 6.4: the connection is failed at the very
// byte that spoils the text, in a frame of which the rest hasn't come.
func TestFailFast(t *testing.T) {
	texts := []string{badKosme, kosme + beyond + "edited", kosme + "\xf4", "ok" + "\xff" + "never looked at"}
	for _, group := range sequences() {
		texts = append(texts, group...)
	}
	for _, s := range texts {
		in := frame(fin|text, s)
		header := len(in) - len(s)
		got := feed(t, in, autobahnLimits, bytewise, false)
		bad := firstBad(s)
		switch {
		case utf8.ValidString(s):
			if got.err.Code != 0 {
				t.Errorf("%q: %v", s, &got.err)
			}
		case got.err.Code != 1007 || got.fed != min(header+bad+1, len(in)):
			t.Errorf("%q: code %d after byte %d, want 1007 after %d", s, got.err.Code, got.fed-header, bad+1)
		}
	}
}
