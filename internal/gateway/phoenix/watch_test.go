package phoenix_test

import (
	"slices"
	"strings"
	"testing"

	"throng"
	"throng/internal/gateway/phoenix"
	codec "throng/internal/protocol/phoenix"
)

// What a client says of a channel by the event watch, in both versions and on
// long-poll; where watching is off the event is one like any other.
func TestWatch(t *testing.T) {
	for _, w := range []*wire{{t: t, version: codec.V1}, {t: t, version: codec.V2}, {t: t, version: codec.V2, carriage: phoenix.Text}} {
		b := newBench(t)
		s := b.gateway.Open(w, w.version, phoenix.Client{ID: throng.NewClientID(), Identity: &throng.Identity{User: "ann"}})
		say := func(topic, event, payload string) {
			t.Helper()
			m := `["1","2","` + topic + `","` + event + `",` + payload + `]`
			if w.version == codec.V1 {
				m = `{"topic":"` + topic + `","event":"` + event + `","payload":` + payload + `,"ref":"2","join_ref":"1"}`
			}
			before := w.sent
			s.Receive(false, []byte(m))
			b.turn(s)
			if w.sent == before {
				t.Errorf("%s %s %s was not answered", topic, event, payload)
			}
		}
		say("seen:1", "phx_join", "{}")
		say("plain", "phx_join", "{}")
		for _, payload := range []string{
			`{}`, `{"visible":true}`, `{"visible":true,"playing":true}`, // three times the same
			`{"playing":false}`, ` {"visible":true,"playing":true,"more":[1]}`, `{"visible":false}`, `{"visible":true,"playing":null}`,
			`[]`, `null`, `true`, `{"visible":1}`, `{"visible":"yes"}`, `{"playing":{}}`, `{"more":"` + strings.Repeat("x", 1024) + `"}`,
		} {
			say("seen:1", "watch", payload)
		}
		say("plain", "watch", `{}`)
		want := []string{"seen:1 true", "seen:1 false", "seen:1 true", "seen:1 false", "seen:1 true"}
		if !slices.Equal(b.watched, want) {
			t.Errorf("the books say %q, not %q", b.watched, want)
		}
		s.Closed(nil)
		b.turn(s)
	}
}

// A client of whom no user is known is told that nothing is recorded.
func TestWatchByNobody(t *testing.T) {
	b := newBench(t)
	w := &wire{t: t, version: codec.V2}
	s := b.gateway.Open(w, w.version, phoenix.Client{ID: throng.NewClientID()})
	for _, m := range []string{`["1","1","seen:1","phx_join",{}]`, `["1","2","seen:1","watch",{}]`} {
		s.Receive(false, []byte(m))
		b.turn(s)
	}
	if !strings.Contains(w.last, `"status":"error"`) || !strings.Contains(w.last, `"code":101`) || len(b.watched) > 0 {
		t.Errorf("the answer is %s, and the books say %q", w.last, b.watched)
	}
	s.Closed(nil)
	b.turn(s)
}
