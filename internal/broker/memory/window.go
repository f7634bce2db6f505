package memory

import "throng"

// smallRing is the first ring of a window; most windows never need another.
const smallRing = 4

// window is a ring of publications, oldest first. It grows with what it holds,
// never beyond the size that is allowed, and an empty one has no ring.
type window struct {
	ring  []*throng.Publication
	first int32 // index in ring of the oldest
	n     int32
	bytes int64 // of the publications
	load  *load // of the whole shard
}

func (w *window) len() int { return int(w.n) }

// oldest returns nil when the window is empty.
func (w *window) oldest() *throng.Publication {
	if w.n == 0 {
		return nil
	}
	return w.ring[w.first]
}

// newest returns nil when the window is empty.
func (w *window) newest() *throng.Publication {
	if w.n == 0 {
		return nil
	}
	return w.at(w.len() - 1)
}

// at returns the i-th oldest publication.
func (w *window) at(i int) *throng.Publication { return w.ring[w.index(i)] }

func (w *window) index(i int) int {
	if i += int(w.first); i >= len(w.ring) {
		i -= len(w.ring)
	}
	return i
}

// push adds the newest publication; the window must hold less than size.
func (w *window) push(p *throng.Publication, size int) {
	if w.len() == len(w.ring) {
		w.resize(min(max(2*w.len(), smallRing), size))
	}
	w.ring[w.index(w.len())] = p
	w.n++
	w.load.publications++
	w.weigh(weight(p))
}

// drop removes and returns the oldest publication. The ring stays as it is: in a
// full window a push follows.
func (w *window) drop() *throng.Publication {
	p := w.ring[w.first]
	w.ring[w.first] = nil
	w.first = int32(w.index(1))
	w.n--
	w.load.publications--
	w.weigh(-weight(p))
	return p
}

func (w *window) weigh(more int64) {
	w.bytes += more
	w.load.bytes += more
}

// fit gives back the room that a shrunken window does not need. Leaving it half
// empty keeps the cost of resizing amortised.
func (w *window) fit() {
	switch {
	case w.n == 0:
		w.load.bytes -= slotBytes * int64(len(w.ring))
		w.ring, w.first = nil, 0
	case w.len() <= len(w.ring)/4 && len(w.ring) > smallRing:
		w.resize(max(2*w.len(), smallRing))
	}
}

// clear removes everything.
func (w *window) clear() {
	for w.n > 0 {
		w.drop()
	}
	w.fit()
}

// read copies out at most limit publications (all when negative) from the
// first-th oldest on, without expired ones, and returns how many of those it passed over.
func (w *window) read(first, limit int, reverse bool, now int64) (out []*throng.Publication, passed int) {
	count := w.len() - first
	if limit < 0 || limit > count {
		limit = count
	}
	if limit == 0 {
		return nil, 0
	}
	out = make([]*throng.Publication, 0, limit)
	for k := 0; k < count && len(out) < limit; k++ {
		i := first + k
		if reverse {
			i = w.len() - 1 - k
		}
		if p := w.at(i); !p.Expired(now) {
			out = append(out, p)
		} else {
			passed++
		}
	}
	return out, passed
}

func (w *window) resize(size int) {
	ring := make([]*throng.Publication, size)
	for i := range w.len() {
		ring[i] = w.at(i)
	}
	w.load.bytes += slotBytes * int64(size-len(w.ring))
	w.ring, w.first = ring, 0
}
