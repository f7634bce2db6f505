package bonus

import (
	"context"
	"errors"
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
	// searches is how many bonuses are looked up at once.
	searches = 1000
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
	case d.waiting >= d.opts.Queue || s == nil && len(d.seeking) >= searches:
		return errCrowd
	case s == nil:
		s = new(search)
		id := c.Bonus
		d.seeking[id] = s
		d.begin(func() { d.lookUp(id, s) })
	}
	d.waiting++
	s.claims = append(s.claims, sought{*c, w})
	return nil
}

// lookUp reads a bonus and judges the claims that waited for it.
func (d *Desk) lookUp(id string, s *search) {
	var b throng.Bonus
	end := d.clock.Now() + d.opts.Patience.Milliseconds()
	for {
		err := d.atStore(d.life, func(ctx context.Context) (err error) {
			b, err = d.opts.Store.Bonus(ctx, id)
			return err
		})
		switch {
		case err == nil:
			d.found(id, s, &b)
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

func (d *Desk) found(id string, s *search, b *throng.Bonus) {
	d.mu.Lock()
	delete(d.seeking, id)
	o, offered := d.meet(*b)
	d.waiting -= len(s.claims)
	var told []outcome
	for i := range s.claims {
		x := &s.claims[i]
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

func (d *Desk) notFound(id string, s *search, why error) {
	d.mu.Lock()
	delete(d.seeking, id)
	d.waiting -= len(s.claims)
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
