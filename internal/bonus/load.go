package bonus

import (
	"context"
	"errors"
	"slices"
	"time"

	"throng"
)

// search is a bonus that is looked up in the store, and who waits for it.
type search struct {
	claims []sought
}

type sought struct {
	c Claim
	w waiting
}

const (
	// searches is how many bonuses are looked up at once, and searchesOf how many for
	// one client's user in a second: ids are easily made up.
	searches, searchesOf = 1000, 10
	// absence is for how long it is believed that there is no such bonus, of at most
	// so many.
	absence, absences = time.Second, 10_000
)

// seek has a claim wait until its bonus is found. d.mu is held.
func (d *Desk) seek(c *Claim, w waiting) error {
	if until, ok := d.absent[c.Bonus]; ok {
		if w.since < until {
			return throng.ErrUnknownBonus
		}
		delete(d.absent, c.Bonus)
	}
	s := d.seeking[c.Bonus]
	switch {
	case d.closed:
		return errAway
	case d.crowd.full(c.User, d.opts.Queue) || s == nil && (len(d.seeking) >= searches || !c.Trusted && !d.maySeek(c.User, w.since)):
		return errCrowd
	case s == nil:
		s = new(search)
		id := c.Bonus
		d.seeking[id] = s
		d.begin(func() { d.lookUp(id, s) })
	}
	d.crowd.join(w.user)
	s.claims = append(s.claims, sought{*c, w})
	return nil
}

// maySeek counts one more bonus that is looked up for a user, if it may be. d.mu is held.
func (d *Desk) maySeek(user string, now int64) bool {
	if now-d.seekSince >= 1000 {
		d.seekers, d.seekSince = make(map[string]int), now
	}
	if d.seekers[user] >= searchesOf {
		return false
	}
	d.seekers[user]++
	return true
}

// lookUp reads a bonus and judges the claims that waited for it.
func (d *Desk) lookUp(id string, s *search) {
	end := d.clock.Now() + d.opts.Patience.Milliseconds()
	for {
		err := d.aside(d.life, func(ctx context.Context) error {
			b, err := d.opts.Store.Bonus(ctx, id)
			if err == nil {
				d.found(ctx, s, &b)
			}
			return err
		})
		switch {
		case err == nil:
			return
		case errors.Is(err, throng.ErrUnknownBonus):
			d.notFound(id, s, throng.ErrUnknownBonus)
			return
		}
		d.failed(err, "read a bonus", id)
		if d.clock.Now() >= end || d.life.Err() != nil {
			d.notFound(id, s, errAway)
			return
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-d.life.Done():
		}
	}
}

// found has the claims of a search judged. It is still this one's turn at the store.
func (d *Desk) found(ctx context.Context, s *search, b *throng.Bonus) {
	d.mu.Lock()
	delete(d.seeking, b.ID)
	if d.offers[b.ID] == nil && s.late(b) {
		d.mu.Unlock()
		d.lookBack(ctx, newOffer(*b), s.claims)
		return
	}
	o, offered := d.meet(*b)
	var told []outcome
	for i := range s.claims {
		x := &s.claims[i]
		d.crowd.leave(x.w.user)
		if j, err, done := d.take(&x.c, x.w); done {
			told = append(told, outcome{x.w, j, err})
		}
	}
	d.mu.Unlock()
	for i := range told {
		d.tell(&told[i].w, told[i].j, told[i].err)
	}
	if offered {
		d.announce(o)
	}
}

// late reports whether none of the claims can have the bonus any more.
func (s *search) late(b *throng.Bonus) bool {
	return b.End != throng.BonusOpen || !slices.ContainsFunc(s.claims, func(x sought) bool { return x.w.at < b.Deadline+b.Tolerance })
}

func (d *Desk) notFound(id string, s *search, why error) {
	d.mu.Lock()
	delete(d.seeking, id)
	for i := range s.claims {
		d.crowd.leave(s.claims[i].w.user)
	}
	if why == throng.ErrUnknownBonus {
		if len(d.absent) >= absences {
			clear(d.absent)
		}
		d.absent[id] = d.clock.Now() + absence.Milliseconds()
	}
	d.mu.Unlock()
	for i := range s.claims {
		d.tell(&s.claims[i].w, throng.Judged{}, why)
	}
}
