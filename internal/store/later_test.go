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
	// What the ledger begins with, and what changes users' maps, opens it.
	opens := map[string]bool{"Acquire": true, "SaveStates": true, "LoadState": true, "ForgetState": true}
	all := func(others, opening error) {
		t.Helper()
		port := reflect.TypeFor[store.Store]()
		for i := range port.NumMethod() {
			name := port.Method(i).Name
			if name == "Close" {
				continue
			}
			want := others
			if opens[name] {
				want = opening
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
	all(throng.ErrNotAvailable, away)
	if err := later.Close(t.Context()); err != nil {
		t.Error(err)
	}
	all(throng.ErrClosed, throng.ErrClosed)
}
