package bonus

import (
	"throng"
)

// offer is a bonus at the desk.
type offer struct {
	throng.Bonus
	users map[string]struct{} // whom it is for; nil for everybody. It does not change: unname makes another
	shown []byte              // what clients are told of it, without its closing brace
	// winners are those who are known to have it.
	winners map[string]won
	// nameless is how many have it whose names were erased.
	nameless int64
	// denied are users who don't meet the conditions, and until when that holds.
	denied map[string]int64
	// whole says that nobody has it who is not in winners, which only holds once no more
	// can get it.
	whole  bool
	refill int64 // when the journal may be read for that again
	// offered says that its start was announced here.
	offered bool
	// told says that its end was announced.
	told bool
	// telling says that somebody tells of it, and will tell what is in untold.
	telling bool
	untold  []func()
	stage   stage
	due     int64 // when the agenda has it; 0 when it is not there
	place   int   // in the agenda

	queue   []waiting
	serving bool
	since   int64 // when the last batch was cut, or the first claim came
}

type won struct {
	place, at int64
	id        string
}

// stage is where an offer is on its way.
type stage uint8

const (
	scheduled stage = iota
	open
	over // exhausted or withdrawn, before its deadline
	gone // the deadline has passed as well
)

// waiting is a claim that waits for the store.
type waiting struct {
	user, id string
	at       int64
	since    int64 // when it was given to the desk
	answer   func(throng.Judged, error)
}

func newOffer(b throng.Bonus) *offer {
	o := &offer{Bonus: b, winners: make(map[string]won)}
	if b.Audience.Users != nil {
		o.users = make(map[string]struct{}, len(b.Audience.Users))
		for _, u := range b.Audience.Users {
			o.users[u] = struct{}{}
		}
		o.Audience.Users = nil // once is enough; named has them
	}
	o.shown = appendOffer(nil, &o.Bonus)
	return o
}

// named reports whether the user is one of those whom it was given to by name.
func (o *offer) named(user string) bool {
	_, ok := o.users[user]
	return ok
}

// unname takes a user off those whom it is for. Who goes through them does not hold the lock.
// d.mu is held.
func (o *offer) unname(user string) {
	users := make(map[string]struct{}, len(o.users))
	for u := range o.users {
		if u != user {
			users[u] = struct{}{}
		}
	}
	o.users = users
}

// last is the moment from which on a claim is late.
func (o *offer) last() int64 { return o.Deadline + o.Tolerance }

// finished reports whether nobody more can get it by a claim that comes now.
func (o *offer) finished(now int64) bool { return o.End != throng.BonusOpen || now >= o.last() }

// judgement is what memory says about a claim.
type judgement uint8

const (
	decided judgement = iota // the verdict stands
	asking                   // the store decides
	looking                  // the verdict stands if the store does not know that the user has it; no more is possible
)

// judge says what memory knows about a claim of a user who may see the offer.
func (o *offer) judge(user, id string, at, now int64) (throng.Judged, judgement) {
	if w, ok := o.winners[user]; ok {
		return o.held(user, id, w), decided
	}
	verdict := func(v throng.Verdict) (throng.Judged, judgement) {
		return throng.Judged{Verdict: v, Claim: throng.Claim{Bonus: o.ID, User: user, ID: id, At: at}}, decided
	}
	late := throng.Expired
	if o.End == throng.BonusExhausted && at < o.last() {
		late = throng.Exhausted
	}
	switch {
	case o.users != nil && !o.named(user):
		return verdict(throng.NotForYou)
	case at < o.StartsAt:
		return verdict(throng.NotYet)
	case o.End != throng.BonusOpen || at >= o.last():
		j, how := verdict(late)
		if !o.whole {
			how = looking
		}
		return j, how
	case at < o.Audience.PresentAt:
		return verdict(throng.NotYet)
	}
	if until, ok := o.denied[user]; ok && now < until {
		return verdict(throng.NotForYou)
	}
	return throng.Judged{}, asking
}

// known is how many have it, as far as memory knows.
func (o *offer) known() int64 { return int64(len(o.winners)) + o.nameless }

// held is the answer to who has it already.
func (o *offer) held(user, id string, w won) throng.Judged {
	v := throng.Already
	if id != "" && id == w.id {
		v = throng.Won
	}
	return throng.Judged{Verdict: v, Claim: throng.Claim{Bonus: o.ID, User: user, ID: w.id, At: w.at, Place: w.place}}
}
