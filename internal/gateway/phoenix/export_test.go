package phoenix

// TapeBytes is the memory of what a loop keeps of recoveries, TapesMax its bound.
func (g *Gateway) TapeBytes(loop int) (n int) {
	t := &g.tapes[loop]
	for i := range t.recent {
		n += cap(t.recent[i].b) + 8*cap(t.recent[i].ends)
	}
	return n + cap(t.answer)
}

// TapesMax allows for slices that grow by doubling, and for the shortest publications.
const TapesMax = 4*recentTapes*tapeBytes + answersBytes
