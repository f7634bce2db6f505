package presence

import (
	"slices"

	"throng"
	"throng/internal/session"
)

// MaxWatched is how many users one subscription watches at most.
const MaxWatched = 100

// watch is who is watched in a room, and by whom. As long as all are told of all
// anyway it is only remembered.
type watch struct {
	users   map[string]*watched
	by      map[*session.Subscription]*watcher
	stirred []*watched
	fresh   []*watcher
}

// watched is one key, and what its watchers were told of it.
type watched struct {
	key     string
	told    []saying
	by      map[*watcher]struct{} // a celebrity's may be very many
	stirred bool
}

type watcher struct {
	to      throng.Ref
	class   uint32
	users   []*watched
	dropped map[string][]saying // what it was told of those whom it watched before
	fresh   bool                // it was told nothing yet
}

// Watch replaces the users that a subscription watches, and returns the list of those
// who are here. users is its own from here on. It is called on the subscription's loop.
func (p *Presence) Watch(sub *session.Subscription, users []string) ([]byte, *throng.Error) {
	switch {
	case off(sub):
		return nil, throng.ErrNotAvailable
	case len(users) > MaxWatched:
		return nil, throng.ErrLimitExceeded
	}
	to := sub.Session().Transport().Ref()
	slices.Sort(users)
	users = slices.Compact(users)
	var here []entry
	ok := p.with(sub, func(r *room, _ *member) {
		r.setWatch(sub, to, users)
		for _, key := range users {
			for _, one := range r.metasOf(key) {
				here = append(here, entry{key, one.meta})
			}
		}
	})
	if !ok {
		return nil, throng.ErrNotAvailable
	}
	return appendList(nil, here), nil
}

func (r *room) setWatch(sub *session.Subscription, to throng.Ref, users []string) {
	if r.watch == nil {
		if len(users) == 0 {
			return
		}
		r.watch = &watch{users: make(map[string]*watched), by: make(map[*session.Subscription]*watcher)}
	}
	w := r.watch.by[sub]
	if w == nil {
		w = &watcher{to: to, class: sub.Class()}
		r.watch.by[sub] = w
	}
	before := w.users
	w.users = nil
	for _, key := range users {
		one := r.watch.users[key]
		if one == nil {
			one = &watched{key: key, by: make(map[*watcher]struct{})}
			r.watch.users[key] = one
			r.stir(key)
		}
		if !slices.Contains(w.users, one) {
			w.users = append(w.users, one)
		}
	}
	for _, one := range before {
		if slices.Contains(w.users, one) {
			continue
		}
		w.drop(one)
		r.watch.leave(one, w)
	}
	for _, one := range w.users {
		one.by[w] = struct{}{}
	}
	r.freshen(w)
}

// drop remembers what a watcher was told of a user whom it watches no more.
func (w *watcher) drop(one *watched) {
	if len(one.told) == 0 {
		return
	}
	if w.dropped == nil {
		w.dropped = make(map[string][]saying)
	}
	w.dropped[one.key] = append(w.dropped[one.key], one.told...)
}

// leave takes a watcher from a user; whom nobody watches is forgotten.
func (t *watch) leave(one *watched, w *watcher) {
	delete(one.by, w)
	if len(one.by) == 0 {
		delete(t.users, one.key)
	}
}

// unwatch forgets a subscription that ends.
func (r *room) unwatch(sub *session.Subscription) {
	if r.watch == nil {
		return
	}
	w := r.watch.by[sub]
	if w == nil {
		return
	}
	for _, one := range w.users {
		r.watch.leave(one, w)
	}
	w.users, w.dropped = nil, nil
	delete(r.watch.by, sub)
	if len(r.watch.by) == 0 {
		r.watch = nil
	}
}

// stir notes that a user came, went or changed.
func (r *room) stir(key string) {
	if r.watch == nil {
		return
	}
	if one := r.watch.users[key]; one != nil && !one.stirred {
		one.stirred = true
		r.watch.stirred = append(r.watch.stirred, one)
		r.p.soon(r)
	}
}

func (r *room) freshen(w *watcher) {
	if !w.fresh {
		w.fresh = true
		r.watch.fresh = append(r.watch.fresh, w)
		r.p.soon(r)
	}
}

// afresh has all watchers told anew: the list that they had is gone.
func (r *room) afresh() {
	if r.watch == nil {
		return
	}
	for _, one := range r.watch.users {
		one.told = nil
		r.stir(one.key)
	}
	for _, w := range r.watch.by {
		w.dropped = nil
		r.freshen(w)
	}
}

// maxMetas is of how many connections of a user watchers are told, where each is a
// member.
const maxMetas = 10

// metasOf is what there is to say of a key now.
func (r *room) metasOf(key string) (all []saying) {
	if r.people != nil {
		members := r.people[key]
		for _, m := range members[:min(len(members), maxMetas)] {
			all = append(all, saying{ref: m.ref, meta: r.appendMeta(nil, m)})
		}
		return all
	}
	if m := r.members.find(key); m != nil && m.conns > 0 {
		all = append(all, saying{ref: m.ref, meta: r.appendMeta(nil, m)})
	}
	return all
}

// letter is what one client is told.
type letter struct {
	to throng.Ref
	*telling
}

// freshPiece is how many watchers are told anew under one hold of the lock.
const freshPiece = 64

// letters are what watchers are to be told, and whether there is more. Only Run asks,
// and posts them, so that they stay in order.
func (r *room) letters() (all []letter, more bool) {
	t := r.watch
	if t == nil {
		return nil, false
	}
	for _, one := range t.stirred {
		one.stirred = false
		if r.crowd && len(one.by) > 0 {
			all = append(all, r.news(one)...)
		}
	}
	t.stirred = nil
	n := min(len(t.fresh), freshPiece)
	for _, w := range t.fresh[:n] {
		w.fresh = false
		if l := w.greeting(); l != nil && r.crowd {
			all = append(all, letter{w.to, l})
		}
		w.dropped = nil
	}
	if t.fresh = t.fresh[n:]; len(t.fresh) == 0 {
		t.fresh = nil
	}
	return all, t.fresh != nil
}

// news tells the watchers of a user what changed.
func (r *room) news(one *watched) (all []letter) {
	now := r.metasOf(one.key)
	joins, leaves := without(one.key, now, one.told), without(one.key, one.told, now)
	one.told = now
	if len(joins)+len(leaves) == 0 {
		return nil
	}
	data := difference(joins, leaves)
	for w := range one.by {
		// Who is told all in a moment hears of those who came then. That somebody went
		// it hears now: an earlier letter may still be on its way to it.
		if !w.fresh || len(leaves) > 0 {
			all = append(all, letter{w.to, &telling{w.class, throng.PresenceDiff, data}})
		}
	}
	return all
}

// without are those of a that are not in b.
func without(key string, a, b []saying) (list []entry) {
	known := make(map[uint64]struct{}, len(b))
	for _, s := range b {
		known[s.ref] = struct{}{}
	}
	for _, s := range a {
		if _, ok := known[s.ref]; !ok {
			list = append(list, entry{key, s.meta})
		}
	}
	return list
}

// greeting tells a watcher of all whom it watches, nil for nothing.
func (w *watcher) greeting() *telling {
	var joins, leaves []entry
	for _, one := range w.users {
		joins = append(joins, without(one.key, one.told, nil)...)
		leaves = append(leaves, without(one.key, w.dropped[one.key], one.told)...)
		delete(w.dropped, one.key) // it is watched again
	}
	for key, told := range w.dropped {
		leaves = append(leaves, without(key, told, nil)...)
	}
	if len(joins)+len(leaves) == 0 {
		return nil
	}
	return &telling{w.class, throng.PresenceDiff, difference(joins, leaves)}
}

// difference is the payload of a presence_diff.
func difference(joins, leaves []entry) []byte {
	b := append([]byte(nil), `{"joins":`...)
	b = append(appendList(b, joins), `,"leaves":`...)
	return append(appendList(b, leaves), '}')
}
