package hub

// Walk calls f for at most n subscribers of a channel on this loop, those before an
// index (any that is too large for all), and returns the index to go on before; 0 at
// the end. It goes downward, because whoever is removed is replaced by one from
// further up: one that stays is never left out, but may be seen again. It is for use
// on the table's loop only. f may not add or remove anybody.
func (t *Table) Walk(name string, before, n int, f func(Subscriber)) (next int) {
	tp := t.topic(name)
	if tp == nil {
		return 0
	}
	i := min(before, tp.members.len())
	for end := max(i-n, 0); i > end; i-- {
		f(tp.members.at(i - 1).sub)
	}
	return i
}
