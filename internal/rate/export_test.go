package rate

// Len returns how many accounts are kept.
func (a *Addresses) Len() (n int) {
	for i := range a.shards {
		n += len(a.shards[i].new) + len(a.shards[i].old)
	}
	return n
}
