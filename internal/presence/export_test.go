package presence

// Announce tells what there is to tell of a channel now.
func (p *Presence) Announce(channel string) {
	sh := p.shard(channel)
	sh.mu.Lock()
	r := sh.rooms[channel]
	sh.mu.Unlock()
	r.keep(false)
}
