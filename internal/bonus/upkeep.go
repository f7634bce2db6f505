package bonus

import (
	"context"
	"time"

	"throng"
)

// restore reads the bonuses that are live or scheduled. Those that are open are announced
// again: nobody who is here now has heard of them.
func (d *Desk) restore(ctx context.Context) bool {
	const first, most = 50 * time.Millisecond, 2 * time.Second
	for pause := first; ; pause = min(2*pause, most) {
		err := d.reload(ctx, true)
		if err == nil {
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		d.failed(err, "read live bonuses", "")
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return false
		}
	}
}

// wholes is how many bonuses are read whole at once: one has up to bonus.max_data, and
// bonus.max_users.
const wholes = 100

// reload brings the live bonuses of the store to the desk, and finds out about those of
// the desk that the store has not among them any more: another node ended them. When most
// are new they are read whole, else only those that are.
func (d *Desk) reload(ctx context.Context, mostAreNew bool) error {
	if d.opts.Open != nil {
		if err := d.opts.Open(ctx); err != nil {
			return err
		}
	}
	missing := d.liveIDs()
	for cursor := ""; ; {
		var page []throng.Bonus
		err := d.atStore(ctx, func(ctx context.Context) (err error) {
			f, limit := throng.BonusFilter{Live: true, Now: d.clock.Now(), Brief: !mostAreNew}, wholes
			if f.Brief {
				limit = batch
			}
			page, cursor, err = d.opts.Store.ListBonuses(ctx, f, throng.Page{Cursor: cursor, Limit: limit})
			return err
		})
		if err != nil {
			return err
		}
		for i := range page {
			b := &page[i]
			delete(missing, b.ID)
			if mostAreNew {
				d.welcome(*b)
			} else if err := d.discover(ctx, b.ID); err != nil && err != throng.ErrUnknownBonus { // it went meanwhile
				return err
			}
		}
		if cursor == "" {
			break
		}
	}
	for id := range missing {
		d.refresh(ctx, id)
	}
	return nil
}

// discover reads a bonus, unless it is here already.
func (d *Desk) discover(ctx context.Context, id string) error {
	d.mu.Lock()
	known := d.offers[id] != nil
	d.mu.Unlock()
	if known {
		return nil
	}
	var b throng.Bonus
	err := d.atStore(ctx, func(ctx context.Context) (err error) {
		b, err = d.opts.Store.Bonus(ctx, id)
		return err
	})
	if err == nil {
		d.welcome(b)
	}
	return err
}

// welcome brings a bonus to the desk, and announces its start if that is due.
func (d *Desk) welcome(b throng.Bonus) {
	d.mu.Lock()
	o, tell := d.meet(b)
	d.mu.Unlock()
	if tell {
		d.announce(o)
	}
}

// liveIDs are those of the bonuses that may still be claimed, as far as the desk knows.
func (d *Desk) liveIDs() map[string]struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	ids := make(map[string]struct{}, d.live.count)
	for _, o := range d.agenda {
		if o.stage < over {
			ids[o.ID] = struct{}{}
		}
	}
	return ids
}

// meet brings a bonus to the desk, and reports whether its start has to be announced.
// d.mu is held.
func (d *Desk) meet(b throng.Bonus) (o *offer, tell bool) {
	o, isNew := d.insert(b)
	if isNew && o.Claimed > 0 && o.stage < gone {
		d.begin(func() { _ = d.fill(o, d.atStore, false) })
	}
	if tell = o.stage == open && !o.offered; tell {
		o.opens()
	}
	return o, tell
}

// refresh finds out what became of a bonus.
func (d *Desk) refresh(ctx context.Context, id string) {
	var b throng.Bonus
	if err := d.atStore(ctx, func(ctx context.Context) (err error) {
		b, err = d.opts.Store.Bonus(ctx, id)
		return err
	}); err != nil {
		return // it comes by again
	}
	d.mu.Lock()
	o := d.offers[id]
	tell := o != nil && d.learn(o, &b)
	d.mu.Unlock()
	if tell {
		d.announceEnd(o)
	}
}

// pruning is how often the store is asked to forget.
const pruning = time.Hour

// keep looks for bonuses of other nodes, and has old ones removed, until ctx ends.
func (d *Desk) keep(ctx context.Context) {
	every := pruning
	if d.opts.Look > 0 {
		every = min(every, d.opts.Look)
	}
	pruned := d.clock.Now() - pruning.Milliseconds() + time.Minute.Milliseconds() // not while everybody starts
	for {
		select {
		case <-time.After(every):
		case <-ctx.Done():
			return
		}
		if d.opts.Look > 0 {
			if err := d.reload(ctx, false); err != nil && ctx.Err() == nil {
				d.failed(err, "look for bonuses", "")
			}
		}
		if now := d.clock.Now(); d.opts.Retention > 0 && now-pruned >= pruning.Milliseconds() {
			pruned = now
			err := d.atStore(ctx, func(ctx context.Context) error {
				return d.opts.Store.PruneBonuses(ctx, now-d.opts.Retention.Milliseconds())
			})
			if err != nil && ctx.Err() == nil {
				d.failed(err, "remove old bonuses", "")
			}
		}
	}
}
