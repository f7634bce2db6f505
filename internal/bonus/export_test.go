package bonus

// Offers returns how many bonuses are in memory.
func (d *Desk) Offers() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.offers)
}
