package bonus_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"throng"
	"throng/internal/bonus"
)

// TestEvents: what clients say, and what they are told, to the letter.
func TestEvents(t *testing.T) {
	bubble(t, func(w *world) {
		w.offer("b", func(b *throng.Bonus) { b.Quota = 1 })
		for _, c := range []struct {
			user, event, data string
			ok                bool
			want              string
		}{
			{"ann", "bonus_claim", `{"id":"b","claim_id":"1"}`, true, ""},
			{"", "bonus_claim", `{"id":"b"}`, false, `{"reason":"unauthorized: only users can have a bonus","code":101}`},
			{"", "bonus_list", `{}`, false, `{"reason":"unauthorized: only users can have a bonus","code":101}`},
			{"ann", "bonus_claim", `{}`, false, `{"reason":"bad request: {\"id\": \"…\"} is needed","code":107}`},
			{"ann", "bonus_claim", `[]`, false, `{"reason":"bad request: {\"id\": \"…\"} is needed","code":107}`},
			{"ann", "bonus_claim", `{"id":7}`, false, `{"reason":"bad request: {\"id\": \"…\"} is needed","code":107}`},
			{"ann", "bonus_claim", ``, false, `{"reason":"bad request: {\"id\": \"…\"} is needed","code":107}`},
			{"ann", "bonus_claim", `{"id":"x"}`, false, `{"reason":"unknown bonus","code":102}`},
			{"bob", "bonus_claim", `{"id":"b"}`, true, `{"id":"b","result":"exhausted","time":NOW}`},
			{"ann", "bonus_offer", `{}`, false, `{"reason":"method not found","code":104}`},
		} {
			ok, got := w.event(c.user, "room:1", c.event, c.data)
			if ok != c.ok || c.want != "" && got != c.want {
				t.Errorf("%s %s %s\ngot  %v %s\nwant %v %s", c.user, c.event, c.data, ok, got, c.ok, c.want)
			}
		}
	})
}

// FuzzEvent: whatever a client sends, it gets one answer, an object.
func FuzzEvent(f *testing.F) {
	for _, seed := range []string{`{"id":"b","claim_id":"c"}`, `{"id":"b\u0000"}`, `{"id":"😀"}`, `{"id":{}}`, `null`, `[`, "\xff", `{"id":"b","ID":"c"}`} {
		f.Add("bonus_claim", "ann", []byte(seed))
		f.Add("bonus_list", "ann", []byte(seed))
	}
	clock := throng.NewClock()
	d := bonus.New(bonus.Options{Store: newJournal(), Clock: clock, Publisher: new(channels), Alone: true})
	ctx, stop := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() { defer close(over); d.Run(ctx) }()
	f.Cleanup(func() { stop(); <-over; _ = d.Close(context.Background()) })
	for id, a := range map[string]throng.Audience{"b": {}, "c": {Channel: "room:1"}, "\"<😀>": {Users: []string{"ann", "\xff"}}} {
		b := throng.Bonus{ID: id, Data: []byte(`{"text":"hello"}`), Deadline: clock.Now() + 3600_000, Audience: a}
		if _, err := d.Create(f.Context(), b); err != nil { // it waits until lists are answered
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, name, user string, data []byte) {
		got := make(chan []byte, 2)
		d.Event(&bonus.Event{User: user, Channel: "room:1", Name: name, Data: data, At: clock.Now()}, func(_ bool, b []byte) { got <- b })
		var o map[string]any
		b := <-got
		if json.Unmarshal(b, &o) != nil {
			t.Fatalf("%q is no object", b)
		}
		if list, ok := o["bonuses"].([]any); name == "bonus_list" && user != "" && (!ok || len(list) < 2) {
			t.Fatalf("%q is not the list", b)
		}
	})
}

// TestListBeforeTheBooks: before it is known what is live, no list says that nothing is.
func TestListBeforeTheBooks(t *testing.T) {
	bubbleOf(t, bonus.Options{}, func(w *world) {
		w.offer("b", nil)
		d := bonus.New(bonus.Options{Store: w.journal, Publisher: w.channels, Clock: w.clock}) // which does not run yet
		defer d.Close(w.Context())
		asked := 0
		d.Event(&bonus.Event{User: "ann", Channel: "room:1", Name: "bonus_list"}, func(ok bool, b []byte) {
			if asked++; ok || !strings.Contains(string(b), `"temporary":true`) {
				t.Errorf("%s", b)
			}
		})
		if asked != 1 {
			t.Errorf("%d answers", asked)
		}
	})
}
