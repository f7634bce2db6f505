package phoenix_test

import (
	"strings"
	"testing"

	"throng"
	"throng/internal/gateway/phoenix"
	codec "throng/internal/protocol/phoenix"
)

// TestJoinRefusedForAMoment: a client that comes back and has not read its first answers
// keeps what the server subscribed it to while its join has to wait.
func TestJoinRefusedForAMoment(t *testing.T) {
	b := newBench(t)
	w := &wire{t: t, version: codec.V2}
	s := b.gateway.Open(w, codec.V2, phoenix.Client{Identity: &throng.Identity{User: "ann", Channels: []throng.Grant{{Channel: "hist:1"}}}})
	b.turn(s)
	say := func(m string) {
		s.Receive(false, []byte(m))
		b.turn(s)
	}
	w.queued = 200 << 10 // a flush takes half of it
	say(`["1","1","hist:1","phx_join",{"recover":{}}]`)
	if w.sent != 1 || !strings.Contains(w.last, `"code":111`) {
		t.Fatalf("%d messages, the last: %s", w.sent, w.last)
	}
	w.queued = 0
	if !s.Find([]byte("hist:1")).Server() {
		t.Error("the server's subscription is gone")
	}
	say(`["2","2","hist:1","phx_join",{"recover":{}}]`)
	if !strings.Contains(w.last, `"status":"ok"`) {
		t.Error(w.last)
	}
	s.Closed(nil)
}

// TestAsksInOnePacket: however many questions come at once, the answers that are made of
// them are no more than what may wait for a client; who waits is answered.
func TestAsksInOnePacket(t *testing.T) {
	for _, c := range []struct {
		name, event string
		anew        bool // joins between its questions
		most        int
	}{
		{"at once", "far_large", false, 64/16 + 1}, // QueueBytes, and one
		{"at once, of channels that ended", "far_large", true, 64/16 + 1},
		{"late, at length", "far_late", false, 1000 / 32},
		{"late", "late", false, 100},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			w := &wire{t: t, version: codec.V2}
			s := b.gateway.Open(w, codec.V2, phoenix.Client{})
			join := func() { s.Receive(false, []byte(`["1","1","room:1","phx_join",{}]`)) }
			join()
			b.turn(s)
			w.sent = 0
			for range 100 {
				if c.anew {
					join()
				}
				s.Receive(false, []byte(`["1","2","room:1","`+c.event+`",{}]`))
			}
			if b.events > c.most || b.events < c.most-1 {
				t.Errorf("%d of 100 were asked, want %d", b.events, c.most)
			}
			for _, answer := range b.asked {
				answer(phoenix.Answer{Status: "ok"})
			}
			if b.turn(s); w.closed || !c.anew && w.sent != 100 {
				t.Errorf("%d of 100 were answered, and closed: %t", w.sent, w.closed)
			}
			w.queued, b.events = 0, 0
			s.Receive(false, []byte(`["1","3","room:1","far_large",{}]`))
			if b.turn(s); b.events != 1 || !strings.Contains(w.last, large) {
				t.Errorf("later: %.100s", w.last)
			}
			if _, err := s.Capture(); err != nil {
				t.Error(err)
			}
			s.Closed(nil)
		})
	}
}
