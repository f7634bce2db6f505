package bonus

import (
	"throng"
)

// Claim is a user's wish to have a bonus.
type Claim struct {
	Bonus, User string
	// ID is the claim's own name, empty for none.
	ID string
	// At is when the server received it, in Clock milliseconds.
	At int64
	// Channel is where a client said it. Only who may know of a bonus by it can claim
	// that: to others there is none. Trusted claims are the backend's, for any user.
	Channel string
	Trusted bool
	// May says why who asks may not name bonuses of a channel (empty for those of users); nil
	// for all. It is called under a lock, by what memory knows: it must be quick.
	May func(channel string) error
}

// Errors of claims.
var (
	errNoUser   = &throng.Error{Code: throng.ErrUnauthorized.Code, Message: "unauthorized: only users can have a bonus"}
	errLongUser = &throng.Error{Code: throng.ErrBadRequest.Code, Message: "bad request: a user's id has at most 1024 bytes"}
	errLongID   = &throng.Error{Code: throng.ErrBadRequest.Code, Message: "bad request: a claim's id has at most 128 bytes"}
	// errAway is temporary: the same claim may be made again.
	errAway  = &throng.Error{Code: throng.ErrNotAvailable.Code, Message: "not available: the store does not answer, try again", Temporary: true}
	errNone  = &throng.Error{Code: throng.ErrNotAvailable.Code, Message: "not available: there are no bonuses here: store.kind is off"}
	errCrowd = &throng.Error{Code: throng.ErrTooManyRequests.Code, Message: "too many requests: too many claims wait, try again", Temporary: true}
)

// Claim judges a claim. answer is called once, from anywhere, perhaps before Claim
// returns, never under a lock; it must not block. An error is coded.
func (d *Desk) Claim(c Claim, answer func(throng.Judged, error)) {
	if err := d.check(&c); err != nil {
		answer(throng.Judged{}, err)
		return
	}
	w := waiting{user: c.User, id: c.ID, at: c.At, since: d.clock.Now(), answer: answer}
	d.mu.Lock()
	j, err, done := d.take(&c, w)
	d.mu.Unlock()
	if done {
		d.tell(&w, j, err)
	}
}

// check says what is wrong with a claim in itself.
func (d *Desk) check(c *Claim) error {
	switch {
	case d.opts.Store == nil:
		return errNone
	case c.User == "":
		return errNoUser
	case len(c.User) > throng.MaxClaimUserBytes:
		return errLongUser
	case len(c.ID) > throng.MaxClaimIDBytes:
		return errLongID
	case c.Bonus == "" || len(c.Bonus) > throng.MaxBonusIDBytes:
		return throng.ErrUnknownBonus
	}
	return nil
}

// take answers a claim from memory, or has it wait. d.mu is held.
func (d *Desk) take(c *Claim, w waiting) (j throng.Judged, err error, done bool) {
	o := d.offers[c.Bonus]
	if o == nil {
		err := d.seek(c, w)
		return j, err, err != nil
	}
	if err := d.barred(o, c); err != nil {
		return j, err, true
	}
	j, how := o.judge(w.user, w.id, w.at, w.since)
	if how == decided {
		return j, nil, true
	}
	if err := d.enqueue(o, w); err != nil {
		return j, err, true
	}
	return j, nil, false
}

// enqueue puts a claim behind the others of its bonus. d.mu is held.
func (d *Desk) enqueue(o *offer, w waiting) error {
	switch {
	case d.closed:
		return errAway
	case d.crowd.full(w.user, d.opts.Queue):
		return errCrowd
	case !o.serving:
		o.serving, o.since = true, w.since
		d.begin(func() { d.serve(o) })
	}
	d.crowd.join(w.user)
	o.queue = append(o.queue, w)
	// Another loop may have been quicker with one that came later.
	for i := len(o.queue) - 1; i > 0 && o.queue[i-1].at > w.at; i-- {
		o.queue[i-1], o.queue[i] = o.queue[i], o.queue[i-1]
	}
	return nil
}

// tell answers a claim and counts it.
func (d *Desk) tell(w *waiting, j throng.Judged, err error) {
	if w.answer == nil {
		return
	}
	if err != nil {
		d.stats.refused(err)
	} else {
		d.stats.Verdicts[j.Verdict].Add(1)
	}
	w.answer(j, err)
	w.answer = nil
}

// barred says why a claim can't be of an offer.
func (d *Desk) barred(o *offer, c *Claim) error {
	if !c.Trusted && !d.mayKnow(o, c.User, c.Channel) {
		return throng.ErrUnknownBonus
	}
	if c.May != nil {
		return c.May(o.Audience.Channel)
	}
	return nil
}

// mayKnow reports whether a client's user may know of an offer, by what it asks through.
// Who was named may; else who is in the channel where it is announced, or could be there
// without a token that says so.
func (d *Desk) mayKnow(o *offer, user, through string) bool {
	channel := o.Audience.Channel
	switch {
	case o.named(user):
		return true
	case channel == "":
		return o.users == nil
	case channel == through:
		return true
	}
	ns := d.opts.Publisher.Namespace(channel)
	return ns != nil && ns.Subscribe.Allows(user, false)
}
