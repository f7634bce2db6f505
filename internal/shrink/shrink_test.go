package shrink_test

import (
	"math/rand/v2"
	"runtime"
	"testing"

	"throng/internal/shrink"
)

// A map has what it should have, whatever it went through.
func TestDelete(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	got, want := make(map[int]int), make(map[int]int)
	var most shrink.Most
	for _, leaning := range []float64{0.9, 0.5, 0.1, 0.9, 0} {
		for range 4000 {
			k := random.IntN(5000)
			if random.Float64() < leaning {
				got[k], want[k] = k, k
			} else {
				shrink.Delete(&got, &most, k)
				delete(want, k)
			}
			if len(got) != len(want) {
				t.Fatalf("%d entries, not %d", len(got), len(want))
			}
		}
		for k, v := range want {
			if got[k] != v {
				t.Fatalf("%d is %d", k, got[k])
			}
		}
	}
}

// What is deleted takes no memory any more, though some stays.
func TestMemory(t *testing.T) {
	const many, few = 200_000, 100
	var most shrink.Most
	m := make(map[int][64]byte)
	before := live()
	for k := range many {
		m[k] = [64]byte{}
	}
	grown := live() - before
	for k := range many - few {
		shrink.Delete(&m, &most, k)
	}
	if left := live() - before; left > grown/100 {
		t.Errorf("%d bytes of %d are left for %d entries of %d", left, grown, few, many)
	}
	runtime.KeepAlive(m)
}

func live() int64 {
	runtime.GC()
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return int64(s.HeapAlloc)
}

// BenchmarkDelete is a map of so many entries of which one goes and another comes.
func BenchmarkDelete(b *testing.B) {
	m := make(map[int]int)
	var most shrink.Most
	for k := range 4000 {
		m[k] = k
	}
	for i := 0; b.Loop(); i++ {
		shrink.Delete(&m, &most, i)
		m[i+4000] = i
	}
}
