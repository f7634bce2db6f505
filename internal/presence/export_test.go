package presence

import "time"

// Announce tells what there is to tell of a channel now.
func (p *Presence) Announce(channel string) {
	sh := p.shard(channel)
	sh.mu.Lock()
	r := sh.rooms[channel]
	sh.mu.Unlock()
	r.keep(soon)
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

// Letters takes what watchers of a channel are to be told under one hold of the lock,
// posts it, and returns how many they are, and for how long the lock was held.
func (p *Presence) Letters(channel string) (n int, held time.Duration, more bool) {
	sh := p.shard(channel)
	sh.mu.Lock()
	start := time.Now()
	letters, more := sh.rooms[channel].letters()
	held = time.Since(start)
	sh.mu.Unlock()
	p.post(letters)
	return len(letters), held, more
}

// Next takes what is due out of the agenda: a channel, and whether it is to be counted.
func (p *Presence) Next() (channel string, count bool) {
	r, which, _ := p.agenda.take(p.opts.Clock.Now())
	if r == nil {
		return "", false
	}
	return r.name, which == later
}

// Step does the next thing that is due, and returns for which channel; "" for nothing.
func (p *Presence) Step() string {
	r, which, _ := p.agenda.take(p.opts.Clock.Now())
	if r == nil {
		return ""
	}
	r.keep(which)
	return r.name
}
