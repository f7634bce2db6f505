package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"throng/internal/config"
)

type stateAnswer struct {
	Epoch   string
	Version uint64
	Entries map[string]struct {
		Value      json.RawMessage
		Version    uint64
		Updated_at int64
		Expires_at int64
	}
	Replayed bool
	Time     int64
}

// The backend reads and writes the map that a user's screens share.
func TestState(t *testing.T) {
	w := start(t, "", func(c *config.Config) {
		c.APIKeys = []config.APIKey{{Name: "rooms", Key: roomKey, Methods: []string{"state_get"}, Namespaces: []string{"room"}}}
	})
	if r := result[stateAnswer](w, "state_get", `{"user":"ann"}`); r.Epoch != "" || r.Version != 0 || r.Entries == nil || len(r.Entries) != 0 || r.Time == 0 {
		t.Errorf("%+v", r)
	}
	first := result[stateAnswer](w, "state_set", `{"user":"ann","key":"a b","value":{"x":[1]},"mutation_id":"backend:1"}`)
	if first.Epoch == "" || first.Version != 1 || first.Replayed {
		t.Errorf("%+v", first)
	}
	if r := result[stateAnswer](w, "state_set", `{"user":"ann","key":"a b","value":2,"mutation_id":"backend:1"}`); r.Version != 1 || !r.Replayed {
		t.Errorf("%+v", r)
	}
	w.refused("state_set", `{"user":"ann","key":"a b","value":2,"if_version":0}`, 113, "the key has version 1")
	w.refused("state_set", `{"user":"ann","key":"c","value":2,"if_version":5}`, 113, "the key is not there")
	result[stateAnswer](w, "state_set", `{"user":"ann","key":"c","value":null,"ttl_ms":60000,"if_version":0}`)
	r := result[stateAnswer](w, "state_get", `{"user":"ann"}`)
	if a, c := r.Entries["a b"], r.Entries["c"]; r.Epoch != first.Epoch || r.Version != 2 || len(r.Entries) != 2 || string(a.Value) != `{"x":[1]}` || a.Version != 1 ||
		a.Expires_at != 0 || string(c.Value) != "null" || c.Version != 2 || c.Expires_at-c.Updated_at != 60000 {
		t.Errorf("%+v", r)
	}
	if r := result[stateAnswer](w, "state_del", `{"user":"ann","key":"c","if_version":2}`); r.Version != 3 {
		t.Errorf("%+v", r)
	}
	for body, want := range map[string]string{
		`{"key":"a","value":1}`:                                                    "user: a user is needed",
		`{"user":"ann","value":1}`:                                                 "key: it has 1 to 255 bytes",
		`{"user":"ann","key":"a"}`:                                                 "value: any JSON is needed",
		`{"user":"ann","key":"a","value":1,"ttl_ms":-1}`:                           "ttl_ms",
		`{"user":"ann","key":"a","value":1,"if_version":-1}`:                       "if_version",
		fmt.Sprintf(`{"user":%q,"key":"a","value":1}`, strings.Repeat("u", 250)):   "more than 249 bytes",
		fmt.Sprintf(`{"user":"ann","key":%q,"value":1}`, strings.Repeat("k", 256)): "key: it has 1 to 255 bytes",
	} {
		w.refused("state_set", body, 107, want)
	}
	w.refused("state_set", `{"user":"ann","key":"a","value":"`+strings.Repeat("x", 900<<10)+`"}`, 106, "a value has at most 16384 bytes")
	w.key = roomKey
	w.refused("state_get", `{"user":"ann"}`, 103, "namespace @user")
}

// Without maps the methods say so.
func TestStateOff(t *testing.T) {
	w := start(t, "", func(c *config.Config) { c.Users.State = "off" })
	for _, method := range []string{"state_get", "state_set", "state_del"} {
		w.refused(method, `{"user":"ann","key":"a","value":1}`, 108, "users.state")
	}
}
