package bonus

import (
	"context"
	"errors"
	"slices"
	"time"

	"throng"
)

// serve takes the claims of an offer to the store, batch by batch, until none waits.
func (d *Desk) serve(o *offer) {
	t := turnOf{d: d, o: o, seen: make(map[string]int)}
	for d.gather(o) {
		t.run()
	}
}

// gather waits until the first claim has waited for others, and reports whether there is
// any. When there is none, the offer is not served any more.
func (d *Desk) gather(o *offer) bool {
	for {
		d.mu.Lock()
		n := len(o.queue)
		if n == 0 {
			o.serving, o.queue = false, nil
			d.mu.Unlock()
			return false
		}
		wait := time.Duration(o.since-d.clock.Now())*time.Millisecond + gather
		closed := d.closed
		d.mu.Unlock()
		if n >= batch || wait <= 0 || closed {
			return true
		}
		time.Sleep(min(wait, time.Millisecond)) // a full batch does not wait
	}
}

// turnOf is one batch on its way; its memory serves the next one too.
type turnOf struct {
	d      *Desk
	o      *offer
	work   []waiting      // those that the store decides about
	late   []waiting      // those that are only looked up: when that is done
	seen   map[string]int // users, and where they are in claims
	claims []throng.Claim
	told   []outcome
}

// outcome is an answer that is about to be given.
type outcome struct {
	w   waiting
	j   throng.Judged
	err error
}

func (t *turnOf) run() {
	t.cut()
	t.answer()
	if len(t.work) > 0 && t.o.conditional() {
		t.admit()
	}
	if len(t.work) > 0 {
		t.decide()
	}
	if len(t.late) > 0 {
		t.look()
	}
	t.answer()
}

// cut takes the next claims off the queue. What memory knows by now is said at once.
func (t *turnOf) cut() {
	d, o := t.d, t.o
	d.mu.Lock()
	defer d.mu.Unlock()
	now, n := d.clock.Now(), 0
	t.work, t.late = t.work[:0], t.late[:0]
	for ; n < len(o.queue) && len(t.work)+len(t.late) < batch && len(t.told) < batch; n++ {
		w := o.queue[n]
		j, how := o.judge(w.user, w.id, w.at, now)
		switch how {
		case decided:
			t.say(w, j, nil)
		case asking:
			t.work = append(t.work, w)
		case looking:
			t.late = append(t.late, w)
		}
	}
	clear(o.queue[:n])
	o.queue = o.queue[n:]
	o.since = now
}

func (t *turnOf) say(w waiting, j throng.Judged, err error) {
	t.told = append(t.told, outcome{w, j, err})
}

// answer gives the answers.
func (t *turnOf) answer() {
	if len(t.told) == 0 {
		return
	}
	t.d.mu.Lock()
	for i := range t.told {
		t.d.crowd.leave(t.told[i].w.user)
	}
	t.d.mu.Unlock()
	for i := range t.told {
		x := &t.told[i]
		t.d.tell(&x.w, x.j, x.err)
	}
	clear(t.told)
	t.told = t.told[:0]
}

// decide gives what is left to the store, and repeats it until the outcome is known.
// Who can't wait so long is told to come back.
func (t *turnOf) decide() {
	clear(t.seen)
	t.claims = t.claims[:0]
	for i := range t.work {
		w := &t.work[i]
		if _, ok := t.seen[w.user]; !ok { // of a user, the first decides
			t.seen[w.user] = len(t.claims)
			t.claims = append(t.claims, throng.Claim{Bonus: t.o.ID, User: w.user, ID: w.id, At: w.at})
		}
	}
	judged, b, err := t.persist()
	if err != nil {
		for _, w := range t.work {
			t.say(w, throng.Judged{}, err)
		}
		return
	}
	t.d.stats.Batches.Add(1)
	t.d.stats.Judged.Add(uint64(len(judged)))
	fresh, ended := t.d.apply(t.o, &b, judged)
	next := 0 // of claims
	for _, w := range t.work {
		at := t.seen[w.user]
		j := judged[at]
		if at == next {
			next++
		} else {
			j = again(j, w.id)
		}
		t.say(w, j, nil)
	}
	t.answer()
	t.d.announceWinners(t.o, fresh)
	if ended {
		t.d.announceEnd(t.o)
	}
}

// again is the answer to a further claim of somebody about whom j was said.
func again(j throng.Judged, id string) throng.Judged {
	if j.Verdict == throng.Won && (id == "" || id != j.Claim.ID) {
		j.Verdict = throng.Already
	} else if j.Verdict == throng.Already && id != "" && id == j.Claim.ID {
		j.Verdict = throng.Won
	}
	return j
}

// persist asks the store until it is known what it did.
func (t *turnOf) persist() (judged []throng.Judged, b throng.Bonus, err error) {
	d := t.d
	tries := 0
	err = d.insist(t, "claim", func(ctx context.Context) (err error) {
		tries++
		judged, b, err = d.opts.Store.Claims(ctx, t.o.ID, t.claims)
		return err
	})
	switch {
	case err != nil:
	case len(judged) != len(t.claims):
		d.log.Error("the store answered other claims than it was asked", "bonus", t.o.ID, "asked", len(t.claims), "answered", len(judged))
		err = throng.ErrInternal
	case tries > 1:
		own(t.claims, judged)
	}
	return judged, b, err
}

// own finds the claims of a repeated batch that were granted the first time, when the
// answer was lost. The store knows that of those that have an ID; one without is as old
// as what is written.
func own(claims []throng.Claim, judged []throng.Judged) {
	for i := range judged {
		j := &judged[i]
		if j.Verdict == throng.Already && claims[i].ID == "" && j.Claim.ID == "" && j.Claim.At == claims[i].At {
			j.Verdict = throng.Won
		}
	}
}

// insist repeats f until its outcome is known, or the desk ends. Meanwhile those whose
// patience is over are told so.
func (d *Desk) insist(t *turnOf, verb string, f func(context.Context) error) error {
	const first, most = 20 * time.Millisecond, time.Second
	for pause := first; ; pause = min(2*pause, most) {
		err := d.atStore(d.life, f)
		if err == nil || final(err) {
			d.heard(err, verb)
			return err
		}
		d.failed(err, verb, t.o.ID)
		t.impatient()
		select {
		case <-time.After(pause):
		case <-d.life.Done():
			return errAway
		}
	}
}

// final reports whether an error says that nothing was done and never will be.
func final(err error) bool {
	var e *throng.Error
	return errors.As(err, &e) && !e.Temporary && e.Code != throng.ErrNotAvailable.Code
}

// impatient tells those who have waited too long. Of claims in the batch it is not known
// what becomes of them; of those behind, nothing was done and nothing will be.
func (t *turnOf) impatient() {
	d, o := t.d, t.o
	oldest := d.clock.Now() - d.opts.Patience.Milliseconds()
	for _, list := range [][]waiting{t.work, t.late} {
		for i := range list {
			if w := &list[i]; w.since <= oldest {
				d.tell(w, throng.Judged{}, errAway)
			}
		}
	}
	d.mu.Lock()
	n := 0
	for n < len(o.queue) && o.queue[n].since <= oldest {
		n++
	}
	late := slices.Clone(o.queue[:n])
	clear(o.queue[:n])
	o.queue = o.queue[n:]
	for i := range late {
		d.crowd.leave(late[i].user)
	}
	d.mu.Unlock()
	for i := range late {
		d.tell(&late[i], throng.Judged{}, errAway)
	}
}

// atStore asks the store when it is this one's turn, until ctx ends or patience does.
func (d *Desk) atStore(ctx context.Context, f func(context.Context) error) error {
	return d.inLine(ctx, d.calls, f)
}

// aside is atStore for what clients only want to know: it does not stand before claims
// that may win.
func (d *Desk) aside(ctx context.Context, f func(context.Context) error) error {
	return d.inLine(ctx, d.reads, f)
}

func (d *Desk) inLine(ctx context.Context, turns chan struct{}, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, d.opts.Patience)
	defer cancel()
	select {
	case turns <- struct{}{}:
		defer func() { <-turns }()
	case <-ctx.Done():
		return ctx.Err()
	}
	err := f(ctx)
	d.heard(err, "read")
	return err
}

// writes reports whether that is what is done by a verb; all else reads.
func writes(verb string) bool {
	switch verb {
	case "claim", "create", "end", "erase", "remove old bonuses":
		return true
	}
	return false
}

// heard notes that the store answered, if it did.
func (d *Desk) heard(err error, verb string) {
	switch {
	case err != nil && !final(err):
	case writes(verb):
		d.outage.Over()
	default:
		d.outage.ReadOver()
	}
}

// failed counts a call that did not work, and sees to it that it is said.
func (d *Desk) failed(err error, verb, bonus string) {
	if d.life.Err() != nil {
		return
	}
	d.stats.Errors.Add(1)
	if writes(verb) {
		d.outage.Failed(err, "verb", verb, "bonus", bonus)
	} else {
		d.outage.ReadFailed(err, "verb", verb, "bonus", bonus)
	}
}

// apply remembers what the store said, and returns what is news: who has it now, and
// whether its end has to be told. Of nobody in the batch that was known when it was cut;
// who is by now was read from the journal meanwhile, and not told.
func (d *Desk) apply(o *offer, b *throng.Bonus, judged []throng.Judged) (fresh []throng.Claim, ended bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range judged {
		j := &judged[i]
		if j.Verdict != throng.Won && j.Verdict != throng.Already {
			continue
		}
		if j.Verdict == throng.Won {
			fresh = append(fresh, j.Claim)
		}
		d.remember(o, j.Claim.User, won{j.Claim.Place, j.Claim.At, j.Claim.ID})
	}
	return fresh, d.learn(o, b)
}

// learn takes over what the store says of a bonus, and reports whether its end has to be
// told. d.mu is held.
func (d *Desk) learn(o *offer, b *throng.Bonus) (tell bool) {
	o.Claimed = max(o.Claimed, b.Claimed)
	if b.End == throng.BonusOpen || o.End != throng.BonusOpen {
		return false
	}
	o.End, o.EndedAt = b.End, b.EndedAt
	o.whole = o.known() == o.Claimed
	tell = !o.told && o.offered // else nobody has heard of it
	o.told = true
	d.retire(o)
	return tell
}

// remember keeps who has a bonus, if there is room. d.mu is held.
func (d *Desk) remember(o *offer, user string, w won) {
	if _, known := o.winners[user]; known || d.remembered >= d.opts.Remembered && !d.makeRoom(o) {
		return
	}
	o.winners[user] = w
	d.remembered++
}

// makeRoom forgets the offer whose deadline passed first, but not the one that room is
// made for, and reports whether there is room now. d.mu is held.
func (d *Desk) makeRoom(not *offer) bool {
	for len(d.past) > 0 && d.remembered >= d.opts.Remembered {
		first := d.past[0]
		if first == not || first.serving {
			return false
		}
		d.forget(first)
		d.dropPast()
	}
	return d.remembered < d.opts.Remembered
}

// dropPast drops offers that are forgotten from the front of those that are gone. d.mu is
// held.
func (d *Desk) dropPast() {
	for len(d.past) > 0 && d.past[0].due == 0 {
		d.past[0] = nil
		d.past = d.past[1:]
	}
}
