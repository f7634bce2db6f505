package hub_test

import (
	"testing"
	"testing/synctest"
	"time"

	"throng"
	"throng/internal/hub"
)

func TestRelease(t *testing.T) {
	for _, c := range []struct {
		name   string
		offset uint64
		want   string
		lost   int
	}{
		{"behind what came before", 2, "345", 0},
		{"in the middle", 4, "5", 0},
		{"behind everything", 5, "", 0},
		{"ahead of what came", 9, "", 0},
		{"too far back", 1, "", 1}, // 2 was published before it was added
	} {
		w := newWorld(t, 1, 1)
		w.add(0, "c", false)
		w.publish("c", "1")
		w.publish("c", "2")
		w.settle()
		m := w.add(0, "c", true)
		w.publish("c", "3")
		w.publish("c", "4")
		w.settle() // these are among the held
		w.publish("c", "5")
		w.receive() // this one is not yet
		if m.data() != "" {
			t.Fatalf("%s: %q came while held", c.name, m.data())
		}
		if !m.table.Release("c", m.index, throng.Position{Offset: c.offset}) {
			t.Fatalf("%s: overflow", c.name)
		}
		w.settle()
		if m.data() != c.want || m.lost != c.lost {
			t.Errorf("%s: got %q, lost %d; want %q, %d", c.name, m.data(), m.lost, c.want, c.lost)
		}
	}
}

func TestReleasedGoesOn(t *testing.T) {
	w := newWorld(t, 1, 1)
	m := w.add(0, "c", true)
	w.publish("c", "1")
	w.settle()
	m.table.Release("c", m.index, throng.Position{Offset: 0})
	w.publish("c", "2")
	w.settle()
	if offset, ok := m.table.Position("c", m.index); m.data() != "12" || offset != 2 || !ok {
		t.Errorf("%q at %d %t", m.data(), offset, ok)
	}
	m.leave()
	w.empty()
}

func TestFlowCountsNoOffsets(t *testing.T) {
	w := newWorld(t, 1, 1)
	m := w.add(0, "c", true)
	w.publish("c", "1")
	w.offsets["c"] = 7
	w.publish("c", "2")
	w.settle()
	m.table.Flow("c", m.index)
	w.offsets["c"] = 0
	w.publish("c", "3")
	w.settle()
	if m.data() != "123" || m.lost != 0 {
		t.Errorf("%q, lost %d", m.data(), m.lost)
	}
}

func TestHeldOverflow(t *testing.T) {
	w := newWorld(t, 1, 1)
	m, other := w.add(0, "c", true), w.add(0, "c", false)
	for range hub.MaxHeld + 1 {
		w.publish("c", "x")
		w.settle()
	}
	if m.table.Release("c", m.index, throng.Position{Offset: 0}) {
		t.Error("no overflow")
	}
	w.publish("c", "x")
	w.settle()
	if len(m.got) != 0 || len(other.got) != hub.MaxHeld+2 || m.table.Stats().Gaps.Load() != 1 {
		t.Errorf("%d and %d pushes", len(m.got), len(other.got))
	}
	m.leave()
	other.leave()
	w.empty()
}

func TestHeldLeaves(t *testing.T) {
	w := newWorld(t, 1, 1)
	m := w.add(0, "c", true)
	w.publish("c", "x")
	w.settle()
	m.leave()
	w.empty()
}

func TestGapIsSaidOnce(t *testing.T) {
	w := newWorld(t, 1, 1)
	m, other := w.add(0, "c", true), w.add(0, "c", false)
	m.table.Release("c", m.index, throng.Position{Offset: 0})
	w.publish("c", "1")
	w.offsets["c"]++
	w.publish("c", "3")
	w.publish("c", "4")
	w.settle()
	w.publish("c", "5")
	w.settle()
	if m.data() != "1" || m.lost != 1 || m.table.Stats().Gaps.Load() != 1 {
		t.Errorf("%q, lost %d", m.data(), m.lost)
	}
	if other.data() != "1345" || other.lost != 0 {
		t.Errorf("who counts no offsets: %q, lost %d", other.data(), other.lost)
	}
}

func TestKnownOffsetsAreSkipped(t *testing.T) {
	w := newWorld(t, 1, 1)
	m := w.add(0, "c", true)
	m.table.Release("c", m.index, throng.Position{Offset: 2})
	for range 3 {
		w.publish("c", "x")
	}
	w.hub.Deliver("c", &throng.Publication{Data: []byte("without offset")})
	w.settle()
	if m.data() != "xwithout offset" || m.lost != 0 {
		t.Errorf("%q, lost %d", m.data(), m.lost)
	}
}

func TestExclusionMovesThePosition(t *testing.T) {
	w := newWorld(t, 1, 1)
	m, other := w.add(0, "c", true), w.add(0, "c", false)
	w.publish("c", "1", func(p *throng.Publication) { p.Exclude = m.client })
	w.settle()
	m.table.Release("c", m.index, throng.Position{Offset: 0})
	w.publish("c", "2", func(p *throng.Publication) { p.Exclude = m.client })
	w.publish("c", "3")
	w.settle()
	if m.data() != "3" || m.lost != 0 || other.data() != "123" {
		t.Errorf("%q, lost %d, other %q", m.data(), m.lost, other.data())
	}
	if offset, _ := m.table.Position("c", m.index); offset != 3 {
		t.Errorf("position %d", offset)
	}
}

func TestExpiryMovesThePosition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, 1)
		m, held := w.add(0, "c", true), w.add(0, "c", true)
		m.table.Release("c", m.index, throng.Position{Offset: 0})
		soon := func(p *throng.Publication) { p.ExpiresAt = w.clock.Now() + 100 }
		w.publish("c", "1", soon)
		w.settle() // in time for m
		w.publish("c", "2", soon)
		w.publish("c", "3")
		w.receive()
		time.Sleep(100 * time.Millisecond)
		w.settle()
		held.table.Release("c", held.index, throng.Position{Offset: 0})
		if m.data() != "13" || held.data() != "3" || m.lost+held.lost != 0 {
			t.Errorf("%q %q, lost %d %d", m.data(), held.data(), m.lost, held.lost)
		}
		if n := m.table.Stats().Expired.Load(); n != 3 {
			t.Errorf("%d expired, want 3", n)
		}
		if offset, _ := m.table.Position("c", m.index); offset != 3 {
			t.Errorf("position %d", offset)
		}
	})
}
