package presence_test

import (
	"encoding/json"
	"testing"
	"testing/synctest"

	"throng/internal/presence"
)

// FuzzMeta gives any bytes as what an application says of a client: what clients are
// shown is JSON, and what is the server's in it is the server's.
func FuzzMeta(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":1}`, `{"phx_ref":1}`, `{"phx\u005fref":{"a":[]}}`, ` { "b" : null } `, `7`, `{`, `{"a":"\""}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			c := w.client("ann")
			sub := c.join("users:x")
			_ = w.presence.Update(sub, data)
			d := w.informed("bob", data)
			d.join("users:x")
			members, _, _ := w.presence.Members("users:x", "", 10, "")
			for _, m := range members {
				var v meta
				if err := json.Unmarshal(m.Meta, &v); err != nil {
					t.Fatalf("%q: %v", m.Meta, err)
				}
				if _, ok := v["online_at"].(float64); !ok || len(v.ref()) < 9 {
					t.Errorf("%q", m.Meta)
				}
			}
			d.End()
			c.End()
		})
	})
}

// FuzzCursor gives any string as a cursor.
func FuzzCursor(f *testing.F) {
	for _, s := range []string{"", "1", "0", "2147483647", "-1", "x"} {
		f.Add(s)
	}
	w := newWorld(f)
	for _, user := range []string{"a", "b", "c"} {
		w.client(user).join("users:x")
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		page, next, err := w.presence.Members("users:x", cursor, 2, "")
		if err != nil && (err != presence.ErrCursor || len(page) > 0) || len(page) > 2 {
			t.Errorf("%d members, %q, %v", len(page), next, err)
		}
	})
}
