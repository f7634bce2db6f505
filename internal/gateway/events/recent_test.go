package events_test

import (
	"strings"
	"testing"

	"throng"
	"throng/internal/gateway/events"
)

// TestRecent: a crowd shares the events that it gets from the history, and each
// publication stays itself.
func TestRecent(t *testing.T) {
	var r events.Recent
	one := &throng.Publication{Offset: 1, Epoch: "e", Data: []byte("1")}
	first := r.Event("a", one)
	if again := r.Event("a", one); &again[0] != &first[0] {
		t.Error("encoded twice")
	}
	for _, p := range []*throng.Publication{
		{Offset: 1, Epoch: "f", Data: []byte("2")}, {Offset: 513, Epoch: "e", Data: []byte("3")}, one,
		{Offset: 1, Epoch: "e", Data: []byte(`"` + strings.Repeat("x", 5000) + `"`)}, one,
	} {
		if got, want := string(r.Event("a", p)), encode("a", *p); got != want {
			t.Errorf("got  %.100q\nwant %.100q", got, want)
		}
	}
	large := &throng.Publication{Offset: 2, Data: []byte(`"` + strings.Repeat("x", 5000) + `"`)}
	if a, b := r.Event("a", large), r.Event("a", large); &a[0] == &b[0] {
		t.Error("a large one is kept")
	}
}
