package presence

import (
	"slices"

	"throng"
	"throng/internal/session"
)

// MaxWatched is how many users one subscription watches at most, maxUser how long the name
// of one is at most, in bytes: that of a token's user (JWT claim "sub") is not longer.
const (
	MaxWatched = 100
	maxUser    = 255
)

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
// The errors are ErrNotAvailable, ErrLimitExceeded for too many users, and ErrBadRequest
// for a name that is longer than a user's can be: names are kept as long as they are watched.
func (p *Presence) Watch(sub *session.Subscription, users []string) ([]byte, *throng.Error) {
	switch {
	case off(sub):
		return nil, throng.ErrNotAvailable
	case len(users) > MaxWatched:
		return nil, throng.ErrLimitExceeded
	case slices.ContainsFunc(users, func(name string) bool { return len(name) > maxUser }):
		return nil, throng.ErrBadRequest
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
	ids := [...]string{key, ""}
	if n := len(throng.ClientID{}); len(key) == 2*n {
		ids[1] = nameless + key
	}
	for _, id := range ids {
		if m := r.members.find(id); m != nil && m.conns > 0 {
			all = append(all, saying{ref: m.ref, meta: r.appendMeta(nil, m)})
		}
	}
	return all
}

// letter is what one client is told. Watchers of a user share its data.
type letter struct {
	to    throng.Ref
	class uint32
	data  []byte // of a presence_diff
}

func (p *Presence) post(letters []letter) {
	for _, l := range letters {
		p.opts.Post(l.to, &telling{l.class, throng.PresenceDiff, l.data})
	}
}

// The bounds of one hold of the lock: how many users who changed and letters to their
// watchers (those of one user are not parted), and how many watchers are told anew.
const (
	newsPiece  = 512
	freshPiece = 64
)

// letters are what watchers are to be told, and whether there is more. Only Run asks,
// and posts them, so that they stay in order.
func (r *room) letters() (all []letter, more bool) {
	t := r.watch
	if t == nil {
		return nil, false
	}
	n := 0
	for ; n < len(t.stirred) && n+len(all) < newsPiece; n++ {
		one := t.stirred[n]
		one.stirred = false
		if r.crowd && len(one.by) > 0 {
			all = r.news(all, one)
		}
		t.stirred[n] = nil
	}
	if t.stirred = t.stirred[n:]; len(t.stirred) > 0 {
		return all, true // who is told anew is told what is true then
	}
	t.stirred = nil
	n = min(len(t.fresh), freshPiece)
	for _, w := range t.fresh[:n] {
		w.fresh = false
		if data := w.greeting(); data != nil && r.crowd {
			all = append(all, letter{w.to, w.class, data})
		}
		w.dropped = nil
	}
	if t.fresh = t.fresh[n:]; len(t.fresh) == 0 {
		t.fresh = nil
	}
	return all, t.fresh != nil
}

// news appends what the watchers of a user are told: what changed.
func (r *room) news(all []letter, one *watched) []letter {
	now := r.metasOf(one.key)
	joins, leaves := without(one.key, now, one.told), without(one.key, one.told, now)
	one.told = now
	if len(joins)+len(leaves) == 0 {
		return all
	}
	data := difference(joins, leaves)
	all = slices.Grow(all, len(one.by))
	for w := range one.by {
		// Who is told all in a moment hears of those who came then. That somebody went
		// it hears now: an earlier letter may still be on its way to it.
		if !w.fresh || len(leaves) > 0 {
			all = append(all, letter{w.to, w.class, data})
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

// greeting is a difference that tells a watcher of all whom it watches; nil for nothing.
func (w *watcher) greeting() []byte {
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
	return difference(joins, leaves)
}

// difference is the payload of a presence_diff.
func difference(joins, leaves []entry) []byte {
	b := append([]byte(nil), `{"joins":`...)
	b = append(appendList(b, joins), `,"leaves":`...)
	return append(appendList(b, leaves), '}')
}
