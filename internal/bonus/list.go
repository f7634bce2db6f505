package bonus

import "slices"

// maxListed is how many offers a client is told of.
const maxListed = 100

// listed is an offer in a list, and what the user has of it.
type listed struct {
	o    *offer
	mine won
	has  bool
}

// listOf lists what is open for a user who asks in a channel, the earliest deadline
// first: as many as fit into what a client's queue takes.
func (d *Desk) listOf(user, channel string) []byte {
	now := d.clock.Now()
	list := d.openFor(user, channel, now)
	slices.SortFunc(list, func(a, b listed) int { return byDeadline(a.o, b.o) })
	b, more := []byte(`{"bonuses":[`), false
	for n, l := range list {
		if more = n >= maxListed || n > 0 && len(b)+len(l.o.shown) > d.opts.MaxList; more {
			break
		}
		if n > 0 {
			b = append(b, ',')
		}
		b = append(b, l.o.shown...)
		if l.has {
			b = appendNumber(appendNumber(append(b, `,"mine":{`...), `"place":`, l.mine.place), `,"at":`, l.mine.at)
			b = append(b, '}')
		}
		b = append(b, '}')
	}
	b = append(b, ']')
	if more {
		b = append(b, `,"more":true`...)
	}
	return append(appendNumber(b, `,"time":`, now), '}')
}

// openFor finds offers that are open for a user, and those that are over before their
// deadline and the user's.
func (d *Desk) openFor(user, channel string, now int64) (found []listed) {
	d.mu.Lock()
	defer d.mu.Unlock()
	take := func(list []*offer, named bool) {
		n := 0
		for _, o := range list {
			if n > maxListed { // one more, to say so
				return
			}
			mine, has := o.winners[user]
			if now >= o.Deadline || o.stage != open && !(o.stage == over && has) || !named && o.users != nil {
				continue
			}
			found = append(found, listed{o, mine, has})
			n++
		}
	}
	take(d.live.users[user], true)
	take(d.live.channels[channel], false)
	take(d.live.free, false)
	return found
}
