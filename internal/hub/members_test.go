package hub_test

import (
	"math/rand/v2"
	"testing"

	"throng/internal/hub"
)

// walk lets members of one channel come and go at random, more and more of them and
// then fewer and fewer, so that their number passes several blocks back and forth.
func walk(step func(come bool)) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, leaning := range []float64{0.75, 0.5, 0.25} {
		for range 20 * hub.BlockPlaces {
			step(random.Float64() < leaning)
		}
	}
}

// Each member is where it was told that it is, and gets each publication once,
// however many came and went before it.
func TestManyMembers(t *testing.T) {
	w := newWorld(t, 1, 64)
	random := rand.New(rand.NewPCG(3, 4))
	var present []*member
	steps := 0
	check := func() {
		for _, m := range present {
			m.got, m.frames = nil, nil
		}
		w.publish("c", "x")
		w.settle()
		for _, m := range present {
			if m.data() != "x" {
				t.Fatalf("the member at %d of %d got %q", m.index, len(present), m.data())
			}
		}
	}
	walk(func(come bool) {
		if steps++; steps%(2*hub.BlockPlaces) == 0 {
			check()
		}
		if come || len(present) == 0 {
			present = append(present, w.add(0, "c", false))
			return
		}
		i, last := random.IntN(len(present)), len(present)-1
		present[i].leave()
		present[i] = present[last]
		present = present[:last]
	})
	if got := int(w.hub.Table(0).Stats().Members.Load()); got != len(present) {
		t.Errorf("%d members counted, %d there", got, len(present))
	}
	check()
	for _, m := range present {
		m.leave()
	}
	w.empty()
}

// However large a channel is, the one who comes next costs the loop no more than a
// block, and what is not needed any more is given back.
func TestMemberMemory(t *testing.T) {
	h, _ := benchHub(1)
	table := h.Table(0)
	var present []*null
	before := 0
	walk(func(come bool) {
		if come || len(present) == 0 {
			m := &null{}
			table.Add("c", m, 0, false)
			present = append(present, m)
		} else {
			last := len(present) - 1
			table.Remove("c", present[last].Index())
			present = present[:last]
		}
		n, places := len(present), table.Places("c")
		if n > hub.BlockPlaces && places > before+hub.BlockPlaces {
			t.Fatalf("the %d. member made %d places out of %d", n, places, before)
		}
		if n > hub.BlockPlaces && places%hub.BlockPlaces != 0 {
			t.Fatalf("%d places are not whole blocks", places)
		}
		if most := max(64, min(4*n+4, n+3*hub.BlockPlaces/2)); places < n || places > most {
			t.Fatalf("%d places for %d members", places, n)
		}
		before = places
	})
	for _, m := range present {
		table.Remove("c", m.Index())
	}
	if left := table.Left(); left != "" {
		t.Error(left)
	}
}
