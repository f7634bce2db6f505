package phoenix

import "throng"

// tapes are the publications that were last recovered on a loop, as they stand in
// answers. A crowd that comes back asks for the same part of the same window; it is
// encoded for the first one.
type tapes struct {
	recent [recentTapes]tape // the newest first
	answer []byte            // the answer that is being made
}

// What a loop keeps between two recoveries.
const (
	recentTapes  = 8
	tapeBytes    = 128 << 10
	answersBytes = 256 << 10
)

// tape is a row of publications of one stream. It grows with the stream, and each
// answer is a piece of it.
type tape struct {
	epoch string
	first uint64 // offset of the first one
	ends  []int  // where each one ends, with its comma
	b     []byte
}

// piece returns the publications as they stand in an answer, without brackets; valid
// until the next call. It reports false for those that are not worth keeping: with a
// hole in the offsets (not everybody may see what is there), or very large.
func (t *tapes) piece(g *Gateway, pubs []*throng.Publication, size int) ([]byte, bool) {
	n := uint64(len(pubs))
	if n == 0 || size > tapeBytes/2 || pubs[n-1].Offset-pubs[0].Offset != n-1 || pubs[0].Epoch == "" {
		return nil, false
	}
	r := t.of(pubs[0].Epoch)
	if pubs[0].Offset < r.first || pubs[0].Offset > r.end() || len(r.b) > tapeBytes {
		*r = tape{epoch: pubs[0].Epoch, first: pubs[0].Offset, ends: r.ends[:0], b: r.b[:0]}
	}
	for r.end() <= pubs[n-1].Offset {
		r.b = append(g.appendPublication(r.b, pubs[r.end()-pubs[0].Offset]), ',')
		r.ends = append(r.ends, len(r.b))
	}
	from := 0
	if skip := pubs[0].Offset - r.first; skip > 0 {
		from = r.ends[skip-1]
	}
	return r.b[from : r.ends[pubs[n-1].Offset-r.first]-1], true
}

// end is the offset behind the last one.
func (r *tape) end() uint64 { return r.first + uint64(len(r.ends)) }

// of returns a stream's tape. The one that was not asked for longest
// makes way for a new one.
func (t *tapes) of(epoch string) *tape {
	i := 0
	for i < recentTapes-1 && t.recent[i].epoch != epoch {
		i++
	}
	found := t.recent[i]
	copy(t.recent[1:i+1], t.recent[:i])
	if t.recent[0] = found; found.epoch != epoch {
		t.recent[0] = tape{}
	}
	return &t.recent[0]
}
