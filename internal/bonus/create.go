package bonus

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"throng"
)

// Bounds of bonuses.
const (
	maxLength    = 366 * 24 * time.Hour
	maxTolerance = time.Minute
	// maxNames is how many users all live bonuses together may name.
	maxNames = 1_000_000
)

var errUnrecorded = &throng.Error{Code: throng.ErrBadRequest.Code,
	Message: "bad request: audience: nobody records who is here: store.kind is off, or visits.record is false"}

func bad(format string, args ...any) *throng.Error {
	return coded(throng.ErrBadRequest, format, args...)
}

func coded(e *throng.Error, format string, args ...any) *throng.Error {
	return &throng.Error{Code: e.Code, Message: e.Message + ": " + fmt.Sprintf(format, args...), Temporary: e.Temporary}
}

// Create keeps a new bonus and offers it, at once or when it starts. One without an ID is
// given one, and one without CreatedAt is created now. To create the same again changes nothing. What is wrong with it is
// ErrBadRequest, too many are ErrLimitExceeded.
func (d *Desk) Create(ctx context.Context, b throng.Bonus) (throng.Bonus, error) {
	if err := d.ready(ctx); err != nil {
		return b, err
	}
	b.Claimed, b.EndedAt, b.End = 0, 0, throng.BonusOpen
	made, err := d.create(ctx, b)
	if errors.Is(err, throng.ErrBonusExists) {
		// The same call, whose answer nobody waited for, may have come to be meanwhile: now
		// this one finds out when it was created.
		made, err = d.create(ctx, b)
	}
	return made, err
}

func (d *Desk) create(ctx context.Context, b throng.Bonus) (throng.Bonus, error) {
	if b.ID == "" {
		b.ID = throng.NewClientID().String()
	} else if old, err := d.opts.Store.Bonus(ctx, b.ID); err == nil {
		begin(&b, old.CreatedAt) // the same once more, or another: the store compares
		return d.keepBonus(ctx, &b)
	} else if !errors.Is(err, throng.ErrUnknownBonus) {
		return b, d.said(err, "create", b.ID)
	}
	if b.CreatedAt == 0 {
		b.CreatedAt = d.clock.Now()
	}
	begin(&b, b.CreatedAt)
	if err := d.checkBonus(&b); err != nil {
		return b, err
	}
	if err := d.room(len(b.Audience.Users)); err != nil {
		return b, err
	}
	return d.keepBonus(ctx, &b)
}

// keepBonus has the store keep a bonus, and offers it. When the store's answer is lost,
// the desk asks what became of it, so that a bonus that is there is offered also if nobody
// calls again.
func (d *Desk) keepBonus(ctx context.Context, b *throng.Bonus) (throng.Bonus, error) {
	made, err := d.opts.Store.CreateBonus(ctx, b)
	if err != nil {
		if !final(err) {
			d.mu.Lock()
			id := b.ID
			d.begin(func() { d.findOut(id) })
			d.mu.Unlock()
		}
		return *b, d.said(err, "create", b.ID)
	}
	d.welcome(made)
	return made, nil
}

// findOut asks whether a bonus has come to be, until patience is over: a database may
// still be at it when its client has given up.
func (d *Desk) findOut(id string) {
	for end := d.clock.Now() + d.opts.Patience.Milliseconds(); d.clock.Now() < end && !d.isClosed(); {
		if d.discover(d.life, id) == nil {
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
}

func (d *Desk) isClosed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.closed
}

// begin says when a bonus was created, and so when it starts if nobody said so.
func begin(b *throng.Bonus, at int64) {
	b.CreatedAt = at
	if b.StartsAt == 0 {
		b.StartsAt = at
	}
}

// ready waits until the desk knows its bonuses: the store is opened when the node runs.
func (d *Desk) ready(ctx context.Context) error {
	if d.opts.Store == nil {
		return errNone
	}
	select {
	case <-d.restored:
		return nil
	default:
	}
	patience := time.NewTimer(d.opts.Patience)
	defer patience.Stop()
	select {
	case <-d.restored:
		return nil
	case <-ctx.Done():
	case <-d.life.Done():
	case <-patience.C:
	}
	return errAway
}

// room reports why there is none for one more bonus.
func (d *Desk) room(names int) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.closed:
		return errAway
	case d.live.count >= d.opts.Live:
		return coded(throng.ErrLimitExceeded, "%d bonuses are live or scheduled (bonus.live)", d.live.count)
	case d.live.names+names > maxNames:
		return coded(throng.ErrLimitExceeded, "all live bonuses together name at most %d users", maxNames)
	}
	return nil
}

// checkBonus says what is wrong with a new bonus.
func (d *Desk) checkBonus(b *throng.Bonus) error {
	now := d.clock.Now()
	switch {
	case len(b.ID) > throng.MaxBonusIDBytes || !utf8.ValidString(b.ID) || hasControl(b.ID):
		return bad("id: it has at most %d bytes and no control characters", throng.MaxBonusIDBytes)
	case len(b.Data) > d.opts.MaxData:
		return bad("data: %d bytes are more than the %d that a bonus may have (bonus.max_data)", len(b.Data), d.opts.MaxData)
	case b.Quota < 0:
		return bad("quota: it is 1 or more; leave it out for no limit")
	case b.StartsAt < 0:
		return bad("starts_at: milliseconds since 1970 are needed")
	case b.Deadline <= now:
		return bad("deadline: it is in the past, by %d ms", now-b.Deadline)
	case b.Deadline > now+maxLength.Milliseconds():
		return bad("deadline: it is at most a year ahead")
	case b.StartsAt >= b.Deadline:
		return bad("starts_at: it is not before the deadline")
	case b.Tolerance < 0 || b.Tolerance > maxTolerance.Milliseconds():
		return bad("tolerance_ms: it goes from 0 to %d", maxTolerance.Milliseconds())
	}
	return d.checkAudience(b)
}

func (d *Desk) checkAudience(b *throng.Bonus) error {
	a := &b.Audience
	if err := d.checkUsers(a.Users); err != nil {
		return err
	}
	switch {
	case a.PresentAt < 0 || a.MinWatched < 0 || a.WatchedSince < 0:
		return bad("audience: times are not below 0")
	case a.PresentAt >= b.Deadline+b.Tolerance:
		return bad("audience.present_at: it is not before the deadline, so nobody could have the bonus")
	case a.WatchedSince > 0 && a.MinWatched == 0:
		return bad("audience.watched_since: it goes with min_watched_ms")
	case a.MinWatched > 0 && a.WatchedSince+a.MinWatched > b.Deadline+b.Tolerance:
		return bad("audience.min_watched_ms: nobody can have watched so long by the deadline")
	case (a.PresentAt > 0 || a.MinWatched > 0) && d.opts.Attendance == nil:
		return errUnrecorded
	case a.Channel == "":
		return nil
	case throng.CheckChannel(a.Channel) != nil:
		return bad("audience.channel: it is not the name of a channel")
	}
	ns := d.opts.Publisher.Namespace(a.Channel)
	switch {
	case ns == nil:
		return coded(throng.ErrUnknownChannel, "audience.channel: its namespace %q is not configured", throng.NamespaceOf(a.Channel))
	case a.MinWatched > 0 && ns.Watch == throng.WatchOff:
		return bad(`audience.min_watched_ms: nobody records who watches %s; set watch = "exclusive" in its [[namespace]]`, a.Channel)
	}
	return nil
}

func (d *Desk) checkUsers(users []string) error {
	switch {
	case users == nil:
		return nil
	case len(users) == 0:
		return bad("audience.users: the list is empty; leave it out for everybody")
	case len(users) > d.opts.MaxUsers:
		return bad("audience.users: %d are more than the %d that a bonus may name (bonus.max_users)", len(users), d.opts.MaxUsers)
	}
	for _, u := range users {
		if u == "" || len(u) > throng.MaxClaimUserBytes {
			return bad("audience.users: an id has 1 to %d bytes", throng.MaxClaimUserBytes)
		}
	}
	return nil
}

// said is an error of the store as a caller is told it: what has no code, or is not there
// yet, is temporary.
func (d *Desk) said(err error, verb, bonus string) error {
	d.heard(err, verb)
	if err == nil || final(err) {
		return err
	}
	if !errors.Is(err, context.Canceled) { // else who asked does not wait any more
		d.failed(err, verb, bonus)
	}
	return errAway
}

func hasControl(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] == 0x7f {
			return true
		}
	}
	return false
}

// End withdraws a bonus: what was claimed stays.
func (d *Desk) End(ctx context.Context, id string) (throng.Bonus, error) {
	if err := d.ready(ctx); err != nil {
		return throng.Bonus{}, err
	}
	b, err := d.opts.Store.EndBonus(ctx, id, d.clock.Now(), throng.BonusWithdrawn)
	if err != nil {
		return b, d.said(err, "end", id)
	}
	d.mu.Lock()
	o, isNew := d.insert(b) // one that nobody has heard of here will not be announced by reload either
	tell := !isNew && d.learn(o, &b)
	d.mu.Unlock()
	if tell {
		d.announceEnd(o)
	}
	return b, nil
}

// Bonus, List and Claims read the store.
func (d *Desk) Bonus(ctx context.Context, id string) (throng.Bonus, error) {
	if err := d.ready(ctx); err != nil {
		return throng.Bonus{}, err
	}
	b, err := d.opts.Store.Bonus(ctx, id)
	return b, d.said(err, "read a bonus", id)
}

// List lists bonuses.
func (d *Desk) List(ctx context.Context, f throng.BonusFilter, p throng.Page) ([]throng.Bonus, string, error) {
	if err := d.ready(ctx); err != nil {
		return nil, "", err
	}
	f.Now = d.clock.Now()
	page, next, err := d.opts.Store.ListBonuses(ctx, f, p)
	return page, next, d.said(err, "list bonuses", "")
}

// Claims lists claims that were granted.
func (d *Desk) Claims(ctx context.Context, f throng.ClaimFilter, p throng.Page) ([]throng.Claim, string, error) {
	if err := d.ready(ctx); err != nil {
		return nil, "", err
	}
	page, next, err := d.opts.Store.ListClaims(ctx, f, p)
	return page, next, d.said(err, "list claims", f.Bonus)
}

// Erase takes a user's name out of the journal and out of audiences, in the store and in
// this desk's memory. Desks of other nodes keep it until they forget the offers.
func (d *Desk) Erase(ctx context.Context, user string) (claims int64, err error) {
	if err := d.ready(ctx); err != nil {
		return 0, err
	}
	claims, err = d.opts.Store.ForgetClaims(ctx, user)
	if err != nil {
		return 0, d.said(err, "erase", "")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, o := range d.offers {
		if _, ok := o.winners[user]; ok {
			delete(o.winners, user)
			d.remembered--
			o.nameless++
		}
		delete(o.denied, user)
		if o.named(user) {
			if o.stage < gone {
				d.live.unname(o, user)
			}
			o.unname(user)
		}
	}
	return claims, nil
}
