package events_test

import (
	"encoding/base64"
	"fmt"
	"math"
	"strings"
	"testing"

	"throng"
	"throng/internal/gateway/events"
)

func at(offset uint64, epoch string) throng.Position {
	return throng.Position{Offset: offset, Epoch: epoch}
}

// TestID: an id says of each of its channels where it stands, and of others
// nothing.
func TestID(t *testing.T) {
	want := map[string]throng.Position{
		"a": at(0, "e"), "room:1": at(127, "hqy_zXLv"), "ü": at(128, ""),
		strings.Repeat("x", 255): at(math.MaxUint64, strings.Repeat("E", 300)), "bytes": at(1, "\x00\n\xff"),
	}
	var list []events.Place
	for channel, p := range want {
		list = append(list, events.Place{Channel: channel, At: p})
	}
	id := events.ID(list...)
	if strings.ContainsAny(id, "\r\n\x00 ,") {
		t.Errorf("%q", id)
	}
	for channel, p := range want {
		if got, _ := events.Find(id, channel); got == nil || *got != p {
			t.Errorf("%.20q: %v, want %v", channel, got, p)
		}
	}
	if got, ok := events.Find(id, "other"); got != nil || !ok {
		t.Errorf("%v %v", got, ok)
	}
}

// TestIDForeign: what the server has not written is no id.
func TestIDForeign(t *testing.T) {
	code := base64.RawURLEncoding.EncodeToString
	name := "abcdef"
	good := events.ID(events.Place{Channel: "a", At: at(300, "epoch")})
	for _, id := range []string{
		"", " ", "1", "5", "null", "AQ==", "AR", good + "=", good[:len(good)-1], good + "A", "\n" + good, good[:4] + "\n" + good[4:], good + "\r",
		code([]byte{0}), code([]byte{2}), code([]byte("\x01abc")), code([]byte("\x01" + name)), code([]byte("\x01" + name + "\x05")),
		code([]byte("\x01" + name + "\x85\x00\x00")), code([]byte("\x01" + name + "\x05\x02e")),
		code([]byte("\x01" + name + "\x05\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")),
		code([]byte("\x01" + name + "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02\x00")),
		strings.Repeat("A", 48<<10), strings.Repeat("_", 48<<10),
	} {
		if _, ok := events.Find(id, "a"); ok {
			t.Errorf("%.40q was read", id)
		}
	}
	if got, ok := events.Find(good, "a"); !ok || *got != at(300, "epoch") {
		t.Errorf("%v", got)
	}
}

// TestIDNames: names don't collide in any number that a stream may have.
func TestIDNames(t *testing.T) {
	const n = 2000
	var list []events.Place
	for i := range n {
		list = append(list, events.Place{Channel: fmt.Sprintf("room:%d", i), At: at(uint64(i), "e")})
	}
	id := events.ID(list...)
	for i := range n {
		if got, _ := events.Find(id, fmt.Sprintf("room:%d", i)); got == nil || got.Offset != uint64(i) {
			t.Fatalf("room %d at %v", i, got)
		}
	}
}

// FuzzID: nothing that a client sends as an id does harm, and each position has one
// text only.
func FuzzID(f *testing.F) {
	f.Add(events.ID(events.Place{Channel: "a", At: at(5, "epoch")}))
	f.Add(events.ID(events.Place{Channel: "a", At: at(1<<40, "e")}, events.Place{Channel: "b", At: at(0, "")}))
	f.Add("AQ")
	f.Add("5")
	f.Fuzz(func(t *testing.T, id string) {
		if again, ok := events.Again(id); ok && again != id {
			t.Errorf("%q is %q too", id, again)
		}
	})
}
