package phoenix_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"throng"
	"throng/internal/gateway/phoenix"
	codec "throng/internal/protocol/phoenix"
)

// Clients recover from anywhere in a dozen channels, while publications come that
// are small, large, or not for everybody. Each gets what it would have got alone.
func TestRecoveredTogether(t *testing.T) {
	const window, channels = 30, 12
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 4))
		w := newRecovery(t, 0, window)
		sent := map[string][]*throng.Publication{}
		for range 1500 {
			name := fmt.Sprint("hist:", r.IntN(channels))
			all := sent[name]
			if r.IntN(3) > 0 {
				p := &throng.Publication{Event: "e", Data: []byte(`"` + strings.Repeat("x", r.IntN(50)) + `"`)}
				if r.IntN(100) == 0 {
					p.Data = []byte(`"` + strings.Repeat("y", 20_000) + `"`)
				}
				if r.IntN(50) == 0 {
					p.Exclude = throng.ClientID{1}
				}
				if r.IntN(50) == 0 {
					p.ExpiresAt = 1
				}
				w.node.Broadcast(context.Background(), name, p, "", nil)
				sent[name] = append(all, p)
				continue
			}
			if len(all) == 0 {
				continue
			}
			since := len(all) - r.IntN(min(window, len(all))+1)
			var want []*throng.Publication
			client := throng.ClientID{byte(1 + r.IntN(2))}
			for _, p := range all[since:] {
				if p.ExpiresAt == 0 && p.Exclude != client {
					want = append(want, p)
				}
			}
			w.expect(t, client, name, throng.Position{Offset: uint64(since), Epoch: all[0].Epoch}, want)
		}
		w.close()
	}
}

// What is kept for the next recovery does not grow with the streams.
func TestRecoveredTogetherIsBounded(t *testing.T) {
	w := newRecovery(t, 0, 30)
	for i := range 5000 {
		name := fmt.Sprint("hist:", i%8)
		p := &throng.Publication{Data: []byte(`"` + strings.Repeat("x", 1500) + `"`)}
		var at throng.Position
		w.node.Broadcast(context.Background(), name, p, "", func(r throng.PublishResult, _ error) { at = r.Position })
		w.expect(t, throng.ClientID{1}, name, throng.Position{Offset: at.Offset - 1, Epoch: at.Epoch}, []*throng.Publication{p})
	}
	if n := w.gateway.TapeBytes(0); n > phoenix.TapesMax || n == 0 {
		t.Errorf("%d bytes are kept", n)
	}
}

// expect joins as a client from a position and checks the answer.
func (r *recovery) expect(t *testing.T, client throng.ClientID, channel string, since throng.Position, want []*throng.Publication) {
	t.Helper()
	c := &sponge{scratch: &r.scratch, taken: &r.taken}
	s := r.gateway.Open(c, codec.V2, phoenix.Client{ID: client})
	s.Receive(false, fmt.Appendf(nil, `["1","1",%q,"phx_join",{"recover":{"offset":%d,"epoch":%q}}]`, channel, since.Offset, since.Epoch))
	s.Closed(nil)
	var answer recovered
	reply := []any{nil, nil, nil, nil, &struct {
		Response *recovered `json:"response"`
	}{&answer}}
	if err := json.Unmarshal(r.scratch[bytes.Index(r.scratch, []byte(`["1"`)):], &reply); err != nil {
		t.Fatal(err)
	}
	if !answer.Recovered || len(answer.Publications) != len(want) {
		t.Fatalf("%s since %d: recovered %t, %d publications, want %d", channel, since.Offset, answer.Recovered, len(answer.Publications), len(want))
	}
	for i, p := range answer.Publications {
		if p.Offset != want[i].Offset || p.Time != want[i].Time || !bytes.Equal(p.Payload, want[i].Data) {
			t.Fatalf("%s: offset %d with %.20s, want %d with %.20s", channel, p.Offset, p.Payload, want[i].Offset, want[i].Data)
		}
	}
}
