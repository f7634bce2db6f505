package presence

// Announce tells what there is to tell of a channel now.
func (p *Presence) Announce(channel string) {
	sh := p.shard(channel)
	sh.mu.Lock()
	r := sh.rooms[channel]
	sh.mu.Unlock()
	r.keep(false)
}

// Watchers is how many subscriptions of a channel watch somebody.
func (p *Presence) Watchers(channel string) int {
	sh := p.shard(channel)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if r := sh.rooms[channel]; r != nil && r.watch != nil {
		return len(r.watch.by)
	}
	return 0
}
