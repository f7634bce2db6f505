package config_test

import (
	"strings"
	"testing"

	"throng/internal/config"
)

// Maps are kept in a store only where it outlives the server, or for trying that out.
func TestUsersStateNeedsAStore(t *testing.T) {
	for _, test := range []struct {
		set  map[string]string
		want string // empty for no error
	}{
		{map[string]string{"users.state": "memory"}, ""},
		{map[string]string{"users.state": "store"}, "temporary file"},
		{map[string]string{"users.state": "store", "dev": "true"}, ""},
		{map[string]string{"users.state": "store", "store.file": "t.db"}, ""},
		{map[string]string{"users.state": "store", "store.kind": "off"}, `store.kind is "off"`},
	} {
		_, err := config.Load(config.LoadOptions{Set: test.set})
		if got := err != nil; got != (test.want != "") || got && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: %v", test.set, err)
		}
	}
}
