package node_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"throng"
	"throng/internal/session/sessiontest"
)

// judge reads what a client heard of one channel with history and says what is
// wrong: offsets step by one from where a subscription began, and an answer
// comes behind its own push.
type judge struct {
	at      uint64 // the offset up to which it has everything
	on      bool
	answers int
}

func (j *judge) read(lines []string) error {
	for _, line := range lines {
		var offset uint64
		var data string
		switch f := strings.Fields(line); {
		case f[0] == "subscribed":
			_, _ = fmt.Sscan(f[3], &j.at)
			j.on = true
		case f[0] == "replaced", f[0] == "refused":
		case f[0] == "published":
			j.answers++
			_, _ = fmt.Sscan(f[3], &offset)
			if j.on && offset > j.at {
				return fmt.Errorf("%q before its push (%d)", line, j.at)
			}
		case f[0] == "hist:x":
			_, _ = fmt.Sscanf(f[1], "%d:%s", &offset, &data)
			if !j.on || offset != j.at+1 {
				return fmt.Errorf("%q behind %d (subscribed: %t)", line, j.at, j.on)
			}
			j.at = offset
		default:
			return fmt.Errorf("%q", line)
		}
	}
	return nil
}

// Every answer of the broker comes at any time and in any order; sessions join,
// join again, publish without waiting and end.
func TestAnyOrderOfAnswers(t *testing.T) {
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 3))
		w := newWorld(t)
		w.late = &late{r: r}
		n := w.add(1+r.IntN(2), 1+r.IntN(3))
		var clients []*sessiontest.Wire
		judges := map[*sessiontest.Wire]*judge{}
		said := map[*sessiontest.Wire]int{}
		for i := range 5 {
			c := n.client(i % len(n.boxes))
			clients = append(clients, c)
			judges[c] = &judge{}
		}
		for range 150 {
			c := clients[r.IntN(len(clients))]
			sub := c.Find([]byte("hist:x"))
			switch k := r.IntN(20); {
			case k < 2 && !c.Ended():
				join(c, "hist:x", nil)
			case k < 5 && sub != nil:
				say(c, "hist:x", "m")
				said[c]++
			case k < 7:
				n.Broadcast(context.Background(), "hist:x", &throng.Publication{Data: []byte("b")}, "", nil)
			case k == 7 && r.IntN(10) == 0:
				c.End()
			case k < 13 && len(w.late.calls) > 0:
				w.late.tell(r.IntN(len(w.late.calls)))
			case k < 16:
				loop := r.IntN(len(n.boxes))
				n.boxes[loop].runOne(loop)
			default:
				n.hub.Table(r.IntN(len(n.boxes))).Turn()
			}
		}
		for len(w.late.calls) > 0 {
			w.late.tell(r.IntN(len(w.late.calls)))
		}
		n.settle()
		for i, c := range clients {
			j := judges[c]
			if err := j.read(c.Take()); err != nil {
				t.Errorf("seed %d, client %d: %v", seed, i, err)
			}
			if !c.Ended() && j.answers != said[c] {
				t.Errorf("seed %d, client %d: %d answers to %d publishes", seed, i, j.answers, said[c])
			}
		}
		n.empty()
		_ = w.memory.Close(t.Context())
		if t.Failed() {
			return
		}
	}
}
