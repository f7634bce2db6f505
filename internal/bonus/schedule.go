package bonus

import (
	"container/heap"
	"context"
	"time"

	"throng"
	"throng/internal/shrink"
)

const (
	// kept is how long an offer stays in memory when it is over: that is when most ask for
	// what they can't have any more.
	kept = 10 * time.Minute
	// settling is how long the end of an offer waits for claims that came in time.
	settling = 5 * time.Second
	// lag is how long a loop may need to give a claim to the desk.
	lag = 20 * time.Millisecond
	// idle is how long Run sleeps when nothing is due.
	idle = time.Hour
)

// agenda is the offers by when something is due, the earliest first.
type agenda []*offer

// Len implements heap.Interface, as do the others.
func (a agenda) Len() int           { return len(a) }
func (a agenda) Less(i, j int) bool { return a[i].due < a[j].due }
func (a agenda) Swap(i, j int) {
	a[i], a[j] = a[j], a[i]
	a[i].place, a[j].place = i, j
}

// Push implements heap.Interface.
func (a *agenda) Push(x any) {
	o := x.(*offer)
	o.place = len(*a)
	*a = append(*a, o)
}

// Pop implements heap.Interface.
func (a *agenda) Pop() any {
	last := len(*a) - 1
	o := (*a)[last]
	(*a)[last] = nil
	*a = (*a)[:last]
	return o
}

// plan puts an offer into the agenda, or moves it. d.mu is held.
func (d *Desk) plan(o *offer, due int64) {
	listed := o.due != 0
	o.due = due
	if listed {
		heap.Fix(&d.agenda, o.place)
	} else {
		heap.Push(&d.agenda, o)
	}
	if d.agenda[0] == o {
		select {
		case d.wake <- struct{}{}:
		default:
		}
	}
}

// insert brings a bonus to the desk, and reports whether it was not there. d.mu is held.
func (d *Desk) insert(b throng.Bonus) (o *offer, isNew bool) {
	if o := d.offers[b.ID]; o != nil {
		return o, false
	}
	o = newOffer(b)
	d.offers[b.ID] = o
	delete(d.absent, b.ID)
	now := d.clock.Now()
	switch {
	case o.finished(now):
		o.told = true
		o.whole = o.Claimed == 0 && o.End != throng.BonusOpen
		d.leave(o, now)
		return o, true
	case now < o.StartsAt:
		o.stage = scheduled
		d.plan(o, o.StartsAt)
	default:
		o.stage = open
		d.plan(o, o.last())
	}
	d.live.add(o)
	return o, true
}

// retire ends an offer. Up to its deadline it stays where those who have it find it.
// d.mu is held.
func (d *Desk) retire(o *offer) {
	if o.stage >= over {
		return
	}
	if now := d.clock.Now(); o.stage == open && now < o.last() {
		o.stage = over
		d.plan(o, o.last())
	} else {
		d.live.remove(o)
		d.leave(o, now)
	}
}

// leave has an offer wait until it is forgotten. d.mu is held.
func (d *Desk) leave(o *offer, now int64) {
	o.stage = gone
	d.past = append(d.past, o)
	d.plan(o, now+kept.Milliseconds())
}

// forget lets go of an offer. d.mu is held.
func (d *Desk) forget(o *offer) {
	if o.due != 0 {
		heap.Remove(&d.agenda, o.place)
		o.due = 0
	}
	d.remembered -= len(o.winners)
	o.winners = make(map[string]won)
	o.whole = false
	shrink.Delete(&d.offers, &d.mostOffers, o.ID)
}

// turn does what is due and returns how long nothing else is.
func (d *Desk) turn(now int64) time.Duration {
	var starts, ends []*offer
	d.mu.Lock()
	for len(d.agenda) > 0 && d.agenda[0].due <= now {
		o := d.agenda[0]
		switch o.stage {
		case scheduled:
			o.stage = open
			o.opens()
			d.plan(o, o.last())
			starts = append(starts, o)
		case open:
			d.retire(o)
			ends = append(ends, o)
		case over:
			d.live.remove(o)
			d.leave(o, now)
		default:
			if o.serving { // somebody still asks
				d.plan(o, now+kept.Milliseconds())
				continue
			}
			d.forget(o)
			d.dropPast()
		}
	}
	until := idle
	if len(d.agenda) > 0 {
		until = time.Duration(d.agenda[0].due-now) * time.Millisecond
	}
	for _, o := range ends {
		d.begin(func() { d.expire(o) })
	}
	d.mu.Unlock()
	for _, o := range starts {
		d.announce(o)
	}
	return until
}

// expire tells the end of an offer whose deadline has passed, when the claims that came
// in time are judged: then the count is the last one.
func (d *Desk) expire(o *offer) {
	time.Sleep(lag)
	for end := d.clock.Now() + settling.Milliseconds(); d.serves(o) && d.clock.Now() < end; {
		select {
		case <-time.After(gather):
		case <-d.life.Done():
			return
		}
	}
	_ = d.fill(o, d.atStore, false)
	d.mu.Lock()
	tell := !o.told && o.offered && !d.closed
	o.told = true
	d.mu.Unlock()
	if tell {
		d.announceEnd(o)
	}
}

func (d *Desk) serves(o *offer) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return o.serving
}

// asker is how the store is asked: atStore, or aside.
type asker func(ctx context.Context, f func(context.Context) error) error

// fill reads who has a bonus of which no more can be had, if memory has not got them all
// already and there is room. When it fails, what is not in memory is asked for. Who serves
// the offer says so: else claims may be on their way that came in time.
func (d *Desk) fill(o *offer, ask asker, serving bool) error {
	var b throng.Bonus
	err := ask(d.life, func(ctx context.Context) (err error) {
		b, err = d.opts.Store.Bonus(ctx, o.ID)
		return err
	})
	if err != nil {
		d.failed(err, "read a bonus", o.ID)
		return err
	}
	d.mu.Lock()
	o.Claimed = max(o.Claimed, b.Claimed)
	missing := o.Claimed - o.known()
	fits := missing <= int64(d.opts.Remembered-d.remembered)
	d.mu.Unlock()
	if missing > 0 && fits {
		if err := d.read(o, ask); err != nil {
			return err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if o.End != throng.BonusOpen || d.clock.Now() >= o.last()+d.others && (serving || !o.serving) {
		o.whole = o.known() == o.Claimed
	}
	return nil
}

// read takes the journal of a bonus into memory.
func (d *Desk) read(o *offer, ask asker) error {
	nameless := int64(0)
	for cursor := ""; ; {
		var page []throng.Claim
		err := ask(d.life, func(ctx context.Context) (err error) {
			page, cursor, err = d.opts.Store.ListClaims(ctx, throng.ClaimFilter{Bonus: o.ID}, throng.Page{Cursor: cursor, Limit: batch})
			return err
		})
		if err != nil {
			d.failed(err, "read claims", o.ID)
			return err
		}
		d.mu.Lock()
		for i := range page {
			if page[i].User == "" {
				nameless++
				continue
			}
			d.remember(o, page[i].User, won{page[i].Place, page[i].At, page[i].ID})
		}
		if cursor == "" {
			o.nameless = max(o.nameless, nameless)
		}
		d.mu.Unlock()
		if cursor == "" {
			return nil
		}
	}
}
