package brokertest

import (
	"fmt"
	"slices"
	"strings"

	"throng"
)

// data returns the data of publications, joined by spaces.
func data(pubs []*throng.Publication) string {
	var b strings.Builder
	for i, p := range pubs {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.Write(p.Data)
	}
	return b.String()
}

func (w *world) wantData(what string, pubs []*throng.Publication, want ...string) {
	w.Helper()
	if got, want := data(pubs), strings.Join(want, " "); got != want {
		w.Errorf("%s: publications %q, want %q", what, got, want)
	}
}

func (w *world) wantComplete(what string, res throng.HistoryResult, want bool) {
	w.Helper()
	if res.Complete != want {
		w.Errorf("%s: Complete is %v, want %v", what, res.Complete, want)
	}
}

func (w *world) wantPosition(what string, got, want throng.Position) {
	w.Helper()
	if got != want {
		w.Errorf("%s: position %v, want %v", what, got, want)
	}
}

// wantSteps checks that offsets step by one, from the first one on.
func (w *world) wantSteps(what string, pubs []*throng.Publication, first uint64) {
	w.Helper()
	for i, p := range pubs {
		if want := first + uint64(i); p.Offset != want {
			w.Fatalf("%s: publication %d has offset %d, want %d", what, i, p.Offset, want)
		}
	}
}

// wantEpoch checks that all publications are of one epoch.
func (w *world) wantEpoch(what string, pubs []*throng.Publication, want string) {
	w.Helper()
	for _, p := range pubs {
		if p.Epoch != want {
			w.Fatalf("%s: the publication at offset %d has epoch %q, want %q", what, p.Offset, p.Epoch, want)
		}
	}
}

// wantSame checks that two views of a channel show the same publications.
func (w *world) wantSame(what string, a, b []*throng.Publication) {
	w.Helper()
	same := func(p, q *throng.Publication) bool {
		return p.Offset == q.Offset && p.Epoch == q.Epoch && string(p.Data) == string(q.Data)
	}
	if !slices.EqualFunc(a, b, same) {
		w.Errorf("%s: the views differ:\n%s\n%s", what, show(a), show(b))
	}
}

func show(pubs []*throng.Publication) string {
	var b strings.Builder
	for _, p := range pubs {
		fmt.Fprintf(&b, "%d=%s ", p.Offset, p.Data)
	}
	return b.String()
}
