package memory

import (
	"math/bits"
	"sync/atomic"
	"unsafe"

	"throng"
)

// bound is the memory that the streams of all shards may take. A shard counts for
// itself, under its lock, and reports when a quantum has come together, so that a
// publish seldom writes what all share. What is not reported is kept free.
type bound struct {
	fill    int64 // more than this, as it is reported, is too much
	low     int64 // where the janitor stops
	share   int64 // of one shard, were all alike
	quantum int64
	total   atomic.Int64
}

func (b *bound) init(most int64, shards int) {
	n := int64(shards)
	b.quantum = min(4096, most/(16*n))
	b.fill = most - b.quantum*n
	b.low = b.fill - b.fill/64
	b.share = b.fill / n
}

func (b *bound) over() bool { return b.total.Load() > b.fill }

// report tells the bound what the shard holds. A little is not worth it, but
// while memory is given back each bit counts.
func (sh *shard) report() {
	b := &sh.broker.bound
	change := sh.load.bytes - sh.reported
	if change > b.quantum || -change > b.quantum || change < 0 && (b.over() || sh.load.bytes == 0) {
		b.total.Add(change)
		sh.reported = sh.load.bytes
	}
}

// What memory is counted as. The figures are those of Go's allocator, and are held
// against the heap by BenchmarkMemory.
const (
	slotBytes = int64(unsafe.Sizeof((*throng.Publication)(nil)))
	// indexBytes is about what a stream takes in the shard's map, agenda and pools.
	indexBytes = 44
	// tagBytes is about what a tag takes in a map, beside its words.
	tagBytes = 48
)

// weight is the memory of a publication with all that only it holds on to. It must
// not change while the publication is kept.
func weight(p *throng.Publication) int64 {
	size := int(unsafe.Sizeof(*p))
	if p.Publisher != nil { // made together with it; its strings are the session's
		size += int(unsafe.Sizeof(*p.Publisher))
	}
	n := allocated(size) + allocated(len(p.Event)) + allocated(len(p.Data))
	for k, v := range p.Tags {
		n += tagBytes + allocated(len(k)) + allocated(len(v))
	}
	return n
}

// weight is the memory of the record of a channel with an empty window.
func (c *channel) weight() int64 {
	return allocated(int(unsafe.Sizeof(*c))) + allocated(len(c.stream.epoch)) + allocated(len(c.name)) + indexBytes
}

// allocated is about what the allocator takes for n bytes: its classes are 8 to a
// doubling, from 16 bytes on.
func allocated(n int) int64 {
	if n == 0 {
		return 0
	}
	step := max(16, 1<<bits.Len(uint(n-1))/8)
	return int64((n + step - 1) / step * step)
}
