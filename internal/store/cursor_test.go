package store_test

import (
	"errors"
	"reflect"
	"testing"

	"throng"
	"throng/internal/store"
)

func TestCursorsAreOfTheirList(t *testing.T) {
	c := store.Cursor{Numbers: []int64{7}, Texts: []string{"ann"}}
	s := c.String(store.OnlineList)
	got, err := store.ParseCursor(s, store.OnlineList, 1, 1)
	if err != nil || !reflect.DeepEqual(got, c) {
		t.Errorf("ParseCursor(%q) = %+v, %v", s, got, err)
	}
	for what, parse := range map[string]func() (store.Cursor, error){
		"another list":   func() (store.Cursor, error) { return store.ParseCursor(s, store.SessionsList, 1, 1) },
		"more numbers":   func() (store.Cursor, error) { return store.ParseCursor(s, store.OnlineList, 2, 1) },
		"fewer numbers":  func() (store.Cursor, error) { return store.ParseCursor(s, store.OnlineList, 0, 1) },
		"more texts":     func() (store.Cursor, error) { return store.ParseCursor(s, store.OnlineList, 1, 2) },
		"fewer texts":    func() (store.Cursor, error) { return store.ParseCursor(s, store.OnlineList, 1, 0) },
		"nothing":        func() (store.Cursor, error) { return store.ParseCursor("", store.OnlineList, 1, 1) },
		"something else": func() (store.Cursor, error) { return store.ParseCursor(s+"AA", store.OnlineList, 1, 1) },
	} {
		if _, err := parse(); !errors.Is(err, throng.ErrBadCursor) {
			t.Errorf("%s: %v, want ErrBadCursor", what, err)
		}
	}
}

func FuzzCursor(f *testing.F) {
	f.Add(store.Cursor{Numbers: []int64{1 << 62, 1}, Texts: []string{"ann", ""}}.String(store.WatchedList), 2, 2)
	f.Add(store.Cursor{Numbers: []int64{1, 2, 3}}.String(store.SessionsList), 3, 0)
	f.Add("bw", 0, 0)
	f.Add("b4CA", 1, 0)
	f.Fuzz(func(t *testing.T, s string, numbers, texts int) {
		if numbers < 0 || numbers > 4 || texts < 0 || texts > 4 {
			return
		}
		for _, list := range []store.List{store.OnlineList, store.SessionsList, store.WatchedList} {
			c, err := store.ParseCursor(s, list, numbers, texts)
			if err != nil {
				if !errors.Is(err, throng.ErrBadCursor) {
					t.Fatal(err)
				}
				continue
			}
			if len(c.Numbers) != numbers || len(c.Texts) != texts {
				t.Errorf("%+v, want %d numbers and %d texts", c, numbers, texts)
			}
			if again := c.String(list); again != s {
				t.Errorf("%q and %q are the same place", s, again)
			}
		}
		_, _ = store.ParseSpent(s)
	})
}
