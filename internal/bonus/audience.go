package bonus

import (
	"context"
	"slices"

	"throng"
)

// Attendance knows who was here, and who watched for how long. An empty channel is the
// service as a whole.
type Attendance interface {
	// Now reports whether a user is known, without asking the store, to be in a channel
	// since at or longer.
	Now(user, channel string, at int64) bool
	// Present returns which of the users were in a channel at a moment.
	Present(ctx context.Context, channel string, at int64, users []string) (map[string]bool, error)
	// Watched returns how many milliseconds each of the users watched a channel since a
	// moment; of an empty one, was here.
	Watched(ctx context.Context, channel string, since int64, users []string) (map[string]int64, error)
}

const (
	// recorded is how long after a moment the store knows who was here then.
	recorded = 2000
	// absentFor is how long who was not here at a moment is not looked for again. A store
	// that was away can learn of it later than anybody thought.
	absentFor = 10_000
	// deniedFor is how long who has not watched long enough is not looked at again.
	deniedFor = 1000
	// maxDenied is how many are known of an offer who don't meet its conditions.
	maxDenied = 100_000
)

// conditional reports whether the store has to say who may have an offer.
func (o *offer) conditional() bool { return o.Audience.PresentAt > 0 || o.Audience.MinWatched > 0 }

// admit keeps of the work those who meet the conditions; the others are told.
func (t *turnOf) admit() {
	d, a := t.d, &t.o.Audience
	users := make([]string, 0, len(t.work))
	for i := range t.work {
		users = append(users, t.work[i].user)
	}
	slices.Sort(users)
	users = slices.Compact(users)
	failing := make(map[string]int64) // and until when that is so
	err := d.insist(t, "ask who was here", func(ctx context.Context) error {
		clear(failing)
		return d.examine(ctx, a, users, failing)
	})
	keep := t.work[:0]
	d.mu.Lock()
	now := d.clock.Now()
	for _, w := range t.work {
		until, failed := failing[w.user]
		switch {
		case err != nil:
			t.say(w, throng.Judged{}, err)
		case failed:
			t.say(w, throng.Judged{Verdict: throng.NotForYou, Claim: throng.Claim{Bonus: t.o.ID, User: w.user, ID: w.id, At: w.at}}, nil)
			t.o.deny(w.user, until, now)
		default:
			keep = append(keep, w)
		}
	}
	d.mu.Unlock()
	clear(t.work[len(keep):])
	t.work = keep
}

// deny remembers who does not meet the conditions.
func (o *offer) deny(user string, until, now int64) {
	if until <= now {
		return
	}
	if o.denied == nil || len(o.denied) >= maxDenied {
		o.denied = make(map[string]int64)
	}
	o.denied[user] = until
}

// examine finds those who don't meet the conditions.
func (d *Desk) examine(ctx context.Context, a *throng.Audience, users []string, failing map[string]int64) error {
	at := d.opts.Attendance
	if at == nil {
		return errUnrecorded
	}
	now := d.clock.Now()
	if a.PresentAt > 0 {
		channel := d.presenceChannel(a)
		var unsure []string
		for _, u := range users {
			if !at.Now(u, channel, a.PresentAt) {
				unsure = append(unsure, u)
			}
		}
		if len(unsure) > 0 {
			was, err := at.Present(ctx, channel, a.PresentAt, unsure)
			if err != nil {
				return err
			}
			until := int64(0) // what is not written yet may come
			if now > a.PresentAt+recorded {
				until = now + absentFor
			}
			for _, u := range unsure {
				if !was[u] {
					failing[u] = until
				}
			}
		}
	}
	if a.MinWatched > 0 {
		spent, err := at.Watched(ctx, a.Channel, a.WatchedSince, users)
		if err != nil {
			return err
		}
		for _, u := range users {
			if spent[u] < a.MinWatched {
				failing[u] = max(failing[u], now+min(a.MinWatched-spent[u], deniedFor))
			}
		}
	}
	return nil
}

// presenceChannel is where presence at a moment is looked for: in the channel if its
// visits are recorded, else in the service.
func (d *Desk) presenceChannel(a *throng.Audience) string {
	if a.Channel == "" {
		return ""
	}
	if ns := d.opts.Publisher.Namespace(a.Channel); ns == nil || !ns.Visits {
		return ""
	}
	return a.Channel
}
