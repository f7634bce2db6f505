package userstate_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"throng"
	"throng/internal/userstate"
)

// Tabs of a user change the map, lose their connections and come back; the window is
// trimmed and emptied, keys expire, the map is forgotten, the broker and the store fail,
// loops lag behind. In the end every tab shows what the server has, and each change was
// made once: none twice, and none was confirmed that was not (world.confirmed).
func TestModel(t *testing.T) {
	for seed := range uint64(25) {
		inWorld(t, options(), func(w *world) { play(w, rand.New(rand.NewPCG(seed, 7)), nil) })
		if t.Failed() {
			t.Fatalf("in memory, seed %d", seed)
		}
	}
}

// The same with a store that fails now and then.
func TestModelWithStore(t *testing.T) {
	for seed := range uint64(25) {
		o, d := options(), newDisk(rand.New(rand.NewPCG(seed, 8)))
		o.Store = d
		inWorld(t, o, func(w *world) { play(w, rand.New(rand.NewPCG(seed, 7)), d) })
		if t.Failed() {
			t.Fatalf("with a store, seed %d", seed)
		}
	}
}

func play(w *world, r *rand.Rand, d *disk) {
	tabs := []*tab{w.tab("a"), w.tab("b"), w.tab("c")}
	for range 60 + r.IntN(200) {
		t := tabs[r.IntN(len(tabs))]
		key := fmt.Sprint("k", r.IntN(5))
		switch k := r.IntN(40); {
		case k < 8 && !t.Ended():
			value := ""
			if r.IntN(4) > 0 {
				value = fmt.Sprint(r.IntN(100))
			}
			t.change(key, value)
		case k < 10 && !t.Ended():
			t.disconnect()
		case k < 14:
			if t.Ended() {
				t.connect()
			}
		case k < 17: // others' publications fill the window
			w.Broadcast(context.Background(), own, &throng.Publication{Event: "msg", Data: []byte("1")}, "", nil)
		case k == 17:
			w.RemoveHistory(context.Background(), own, func(error) {})
		case k == 18:
			w.states.Forget(user, func(userstate.Outcome) {})
		case k < 21:
			w.states.Submit(userstate.Change{User: user, Key: key, Value: []byte(`"soon over"`), TTL: 1 + r.Int64N(500)}, func(userstate.Outcome) {})
		case k == 21:
			w.deaf.Store(!w.deaf.Load())
		case k == 22 && r.IntN(3) == 0:
			for _, t := range tabs {
				if !t.Ended() {
					t.disconnect()
				}
			}
			w.wait(10 * time.Millisecond)
			time.Sleep(3 * time.Minute) // nobody is here: the map leaves memory
		case k < 30:
			loop := r.IntN(len(w.boxes))
			w.boxes[loop].runOne(loop)
		case k < 34:
			w.hub.Table(r.IntN(len(w.boxes))).Turn()
		case k < 37:
			time.Sleep(time.Duration(r.IntN(100)) * time.Millisecond)
		case !t.Ended():
			t.read()
		}
	}
	w.deaf.Store(false)
	if d != nil {
		d.mu.Lock()
		d.r = nil
		d.mu.Unlock()
	}
	for _, t := range tabs {
		if t.Ended() {
			t.connect()
		}
	}
	w.wait(2 * time.Second)
	judge(w, tabs)
}

func judge(w *world, tabs []*tab) {
	s := w.snapshot()
	for _, t := range tabs {
		if got, want := t.shows(), s.text(); got != want {
			w.t.Errorf("tab %s shows\n%s\nnot\n%s", t.named, got, want)
		}
		for _, p := range t.pending {
			w.t.Errorf("tab %s does not know what became of %+v", t.named, *p)
		}
		if t.refused > 0 {
			w.t.Errorf("%d changes of tab %s were refused", t.refused, t.named)
		}
	}
	for id, n := range w.made {
		if n != 1 {
			w.t.Errorf("change %s was made %d times", id, n)
		}
	}
}
