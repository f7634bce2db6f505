package presence

import (
	"sync"

	"throng"
	"throng/internal/session"
)

// telling is an event for one subscription, on its way to it.
type telling struct {
	class uint32
	event string
	data  []byte
}

// Class implements session.Errand.
func (t *telling) Class() uint32 { return t.class }

// Run implements session.Errand. What all were told before has come to the loop, and
// goes first.
func (t *telling) Run(sub *session.Subscription) {
	if sub.CatchUp() {
		sub.Tell(t.event, t.data)
	}
}

// renewal shows a subscription the list again.
type renewal struct {
	p     *Presence
	class uint32
}

// Class implements session.Errand.
func (e *renewal) Class() uint32 { return e.class }

// Run implements session.Errand.
func (e *renewal) Run(sub *session.Subscription) {
	if !sub.Session().Takes(0) {
		e.p.Missed(sub) // it would only wait with all else
		return
	}
	var v view
	if e.p.with(sub, func(r *room, m *member) {
		v = r.view(m)
		if r.watch != nil && r.watch.by[sub] != nil { // the list of a crowd clears what it was told
			r.freshen(r.watch.by[sub])
		}
	}) && e.p.offer(sub, v) {
		e.p.stats.Renewed.Add(1)
	}
}

// Missed implements session.Attendance: a client was too slow, and has no list, or may
// have a wrong one. It is shown the right one when it has caught up.
func (p *Presence) Missed(sub *session.Subscription) {
	if off(sub) {
		return
	}
	to := sub.Session().Transport().Ref()
	p.with(sub, func(r *room, _ *member) {
		if r.owed == nil {
			r.owed = make(map[*session.Subscription]throng.Ref)
		}
		r.owed[sub] = to
		p.soon(r)
	})
}

// renewals are posted to those who missed something.
func (r *room) renewals() {
	for sub, to := range r.owed {
		r.p.opts.Post(to, &renewal{r.p, sub.Class()})
	}
	r.owed = nil
}

// offer shows a client who is there, now or as soon as it has room, and reports whether
// it did now. Who comes back joins all its channels at once: their lists, which can't be
// dropped, would fill its queue, and the next publication would end the connection.
func (p *Presence) offer(sub *session.Subscription, v view) bool {
	if !sub.Session().Takes(v.size()) {
		p.Missed(sub)
		return false
	}
	p.show(sub, v)
	return true
}

var lists = sync.Pool{New: func() any { return new([]byte) }}

// show tells a subscription's client who is there.
func (p *Presence) show(sub *session.Subscription, v view) {
	if v.own.key == "" {
		sub.Tell(throng.PresenceState, v.list)
	} else {
		b := lists.Get().(*[]byte)
		*b = v.append((*b)[:0])
		sub.Tell(throng.PresenceState, *b)
		lists.Put(b)
	}
	if v.count != nil {
		sub.Tell(throng.PresenceCount, v.count)
	}
}
