package storetest

import (
	"reflect"

	"throng"
)

// same fails the test unless two lists are equal. None and empty are.
func same[T any](w *world, what string, got, want []T) {
	w.Helper()
	if len(got) == 0 && len(want) == 0 {
		return
	}
	if !reflect.DeepEqual(got, want) {
		w.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

// record checks all visits that there are, oldest first, both kinds together.
func (w *world) record(want ...throng.Visit) {
	w.Helper()
	var connected, watched []throng.Visit
	for _, v := range want {
		if v.Kind == throng.Watching {
			watched = append(watched, v)
		} else {
			connected = append(connected, v)
		}
	}
	same(w, "visits", w.visits(throng.Connected), connected)
	same(w, "times of watching", w.visits(throng.Watching), watched)
}
