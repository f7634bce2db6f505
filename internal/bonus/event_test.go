package bonus_test

import (
	"encoding/json"
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
	f.Cleanup(func() { _ = d.Close(f.Context()) })
	f.Fuzz(func(t *testing.T, name, user string, data []byte) {
		got := make(chan []byte, 2)
		d.Event(&bonus.Event{User: user, Channel: "room:1", Name: name, Data: data, At: clock.Now()}, func(_ bool, b []byte) { got <- b })
		var o map[string]any
		if b := <-got; json.Unmarshal(b, &o) != nil {
			t.Fatalf("%q is no object", b)
		}
	})
}
