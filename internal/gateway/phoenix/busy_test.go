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
