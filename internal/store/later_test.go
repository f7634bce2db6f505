package store_test

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"throng"
	"throng/internal/store"
)

// TestLaterIsNotThereYet calls everything that a store can do, before it is open and after
// it is closed.
func TestLaterIsNotThereYet(t *testing.T) {
	away := errors.New("away")
	later := store.NewLater(func(context.Context) (store.Store, error) { return nil, away })
	if _, err := later.Acquire(t.Context(), "a"); !errors.Is(err, away) {
		t.Errorf("Acquire: %v", err)
	}
	all := func(want error) {
		t.Helper()
		port := reflect.TypeFor[store.Store]()
		for i := range port.NumMethod() {
			name := port.Method(i).Name
			if name == "Close" || name == "Acquire" {
				continue
			}
			method := reflect.ValueOf(later).MethodByName(name)
			args := []reflect.Value{reflect.ValueOf(t.Context())}
			for k := 1; k < method.Type().NumIn(); k++ {
				args = append(args, reflect.Zero(method.Type().In(k)))
			}
			answer := method.Call(args)
			if err, _ := answer[len(answer)-1].Interface().(error); !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", name, err, want)
			}
		}
	}
	all(throng.ErrNotAvailable)
	if err := later.Close(t.Context()); err != nil {
		t.Error(err)
	}
	all(throng.ErrClosed)
}
