package bonus

import (
	"context"
	"slices"
	"time"

	"throng"
)

// refill is for how long the journal of an offer is not read again: what did not fit into
// memory does not fit a moment later.
const refill = time.Second

// look finds out about late claims whether their users have the bonus by an earlier one,
// about all of them at once. Those that came in time are decided: they were before these
// in the queue.
func (t *turnOf) look() {
	d, o := t.d, t.o
	aside := func(ctx context.Context, f func(context.Context) error) error {
		defer t.impatient()
		return d.aside(ctx, f)
	}
	var had map[string]won
	fill, ask := d.ignorance(o)
	err := error(nil)
	if fill {
		if err = d.fill(o, aside, true); err == nil {
			_, ask = d.ignorance(o)
		}
	}
	if err == nil && ask {
		if err = aside(d.life, func(ctx context.Context) (err error) {
			had, err = d.had(ctx, o.ID, t.late)
			return err
		}); err != nil {
			d.failed(err, "find claims", o.ID)
		}
	}
	d.mu.Lock()
	now := d.clock.Now()
	for user, w := range had {
		d.remember(o, user, w)
	}
	for _, w := range t.late {
		if err != nil {
			t.say(w, throng.Judged{}, errAway)
			continue
		}
		t.say(w, o.late(&w, had, now), nil)
	}
	d.mu.Unlock()
	clear(t.late)
}

// late answers a late claim, of a user who is in had if the store has one of it.
func (o *offer) late(w *waiting, had map[string]won, now int64) throng.Judged {
	j, how := o.judge(w.user, w.id, w.at, now)
	if h, has := had[w.user]; has && how == looking {
		return o.held(w.user, w.id, h)
	}
	return j
}

// ignorance reports whether the journal of an offer should be read, and whether there may
// be somebody who has it and of whom memory does not know. The journal is read when no
// more can be granted: after that memory knows of everybody.
func (d *Desk) ignorance(o *offer) (fill, any bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.clock.Now()
	fill = !o.whole && now >= o.refill && (o.End != throng.BonusOpen || now >= o.last()+d.others)
	if fill {
		o.refill = now + refill.Milliseconds()
	}
	return fill, !o.whole
}

// had asks the store which of those who claim have the bonus.
func (d *Desk) had(ctx context.Context, id string, late []waiting) (map[string]won, error) {
	users := make([]string, len(late))
	for i := range late {
		users[i] = late[i].user
	}
	slices.Sort(users)
	had := make(map[string]won)
	for some := range slices.Chunk(slices.Compact(users), batch) {
		page, _, err := d.opts.Store.ListClaims(ctx, throng.ClaimFilter{Bonus: id, Users: some}, throng.Page{Limit: len(some)})
		if err != nil {
			return nil, err
		}
		for _, c := range page {
			had[c.User] = won{c.Place, c.At, c.ID}
		}
	}
	return had, nil
}

// lookBack answers claims of a bonus that is over and was in nobody's memory, and lets go
// of it again: old ids are easily guessed, and there may be many, of many users. It is this
// one's turn at the store.
func (d *Desk) lookBack(ctx context.Context, o *offer, claims []sought) {
	now := d.clock.Now()
	told := make([]outcome, 0, len(claims))
	var late []waiting
	for i := range claims {
		x := &claims[i]
		if err := d.barred(o, &x.c); err != nil {
			told = append(told, outcome{x.w, throng.Judged{}, err})
		} else if j, how := o.judge(x.w.user, x.w.id, x.w.at, now); how == decided {
			told = append(told, outcome{x.w, j, nil})
		} else {
			late = append(late, x.w)
		}
	}
	had, err := d.had(ctx, o.ID, late)
	if err != nil {
		d.failed(err, "find claims", o.ID)
		err = errAway
	}
	for _, w := range late {
		told = append(told, outcome{w, o.late(&w, had, now), err})
	}
	d.mu.Lock()
	for i := range told {
		d.crowd.leave(told[i].w.user)
	}
	d.mu.Unlock()
	for i := range told {
		d.tell(&told[i].w, told[i].j, told[i].err)
	}
}
