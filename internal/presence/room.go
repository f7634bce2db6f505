package presence

import (
	"slices"

	"throng"
	"throng/internal/session"
)

// room is a channel with members. All of it is under its shard's lock.
type room struct {
	p     *Presence
	shard *shard
	name  string // shared with the hub
	ns    *throng.Namespace

	members index
	here    places // those with connections
	newest  *member
	conns   int
	bytes   int                  // about how large the list of those with connections is
	people  map[string][]*member // by key, where several members may share one; else nil

	crowd   bool
	changed []*member                            // since the last announcement; not in a crowd
	list    []byte                               // what was announced; nil when not made
	count   []byte                               // of a crowd, as it was told; nil when not made
	watch   *watch                               // nil when nobody is watched
	owed    map[*session.Subscription]throng.Ref // who has to be shown the list again

	soon, later, rest bool // in the agenda
	gone              bool // not in its shard any more
}

// large reports whether there are too many to tell all of each, or too much to tell of
// them; small, whether few enough are left to begin anew.
func (r *room) large() bool { return r.here.n > r.limit() || r.bytes > r.p.opts.ListBytes }

func (r *room) small() bool { return r.here.n <= r.lower() && r.bytes <= r.p.opts.ListBytes/5*4 }

// limit is up to how many members all are told of each; lower, from where they are
// told again.
func (r *room) limit() int {
	if r.ns.PresenceList > 0 {
		return r.ns.PresenceList
	}
	return DefaultList
}

func (r *room) lower() int { return max(1, r.limit()*4/5) }

// users is how many there are, an anonymous client being one.
func (r *room) users() int {
	if r.people != nil {
		return len(r.people)
	}
	return r.here.n
}

// nameless begins what an anonymous member is called. No user is called so: keys are
// UTF-8. Without it a user who takes somebody's 32 digits for a name would be that member.
const nameless = "\xff"

// id is what a member is called in the index.
func (r *room) id(key string, client throng.ClientID, anonymous bool) string {
	switch {
	case r.people == nil && anonymous:
		return nameless + key
	case r.people == nil:
		return key
	case anonymous:
		return string(client[:]) + nameless
	}
	return string(client[:]) + key
}

func (r *room) find(w who) *member { return r.members.find(r.id(w.key, w.client, w.anonymous)) }

// shared reports whether others may have a member's key.
func (r *room) shared(m *member) bool {
	return r.people != nil || len(m.key) == 2*len(m.client) && r.members.find(r.id(m.key, m.client, !m.anonymous)) != nil
}

// enter adds a connection.
func (r *room) enter(w who) *member {
	id := r.id(w.key, w.client, w.anonymous)
	m := r.members.find(id)
	if m == nil {
		if r.people == nil && w.anonymous {
			w.key = id[len(nameless):] // one string in memory
		}
		m = &member{key: w.key, info: w.info, since: r.p.opts.Clock.Now(), ref: r.p.refs.Add(1), client: w.client, anonymous: w.anonymous, place: -1}
		r.members.put(id, m)
	}
	r.conns++
	m.conns++
	if m.conns > 1 {
		r.recount()
		return m
	}
	// Who comes back before the others were told that it went never went, unless it
	// comes as somebody else.
	if m.info != w.info {
		m.replace(r.p.refs.Add(1), w.info)
	}
	r.arrive(m)
	if !r.crowd && r.large() {
		r.rise()
	}
	r.touch(m)
	return m
}

// quit takes a connection away.
func (r *room) quit(w who) {
	m := r.find(w)
	if m == nil || m.conns == 0 {
		return
	}
	r.conns--
	m.conns--
	if m.conns > 0 {
		r.recount()
		return
	}
	r.depart(m)
	if r.crowd { // else it may come back before the others are told
		r.members.drop(r.id(m.key, m.client, m.anonymous), m)
	}
	r.touch(m)
}

// tidy ends a room that nobody is in: there is nobody to tell.
func (r *room) tidy() {
	if r.conns == 0 {
		r.p.close(r)
	}
}

func (r *room) arrive(m *member) {
	r.p.stats.Members.Add(1)
	r.here.add(m)
	r.bytes += m.weigh()
	m.older, m.newer = r.newest, nil
	if r.newest != nil {
		r.newest.newer = m
	}
	r.newest = m
	if r.people != nil {
		r.people[m.key] = append(r.people[m.key], m)
	}
}

func (r *room) depart(m *member) {
	r.p.stats.Members.Add(-1)
	r.here.remove(m)
	r.bytes -= int(m.weight)
	if m.newer != nil {
		m.newer.older = m.older
	} else {
		r.newest = m.older
	}
	if m.older != nil {
		m.older.newer = m.newer
	}
	m.older, m.newer = nil, nil
	if r.people == nil {
		return
	}
	all := r.people[m.key]
	if len(all) == 1 {
		delete(r.people, m.key)
		return
	}
	i := slices.Index(all, m)
	last := len(all) - 1
	all[i], all[last] = all[last], nil
	r.people[m.key] = all[:last]
}

// touch notes that there is something to tell of a member.
func (r *room) touch(m *member) {
	r.stir(m.key)
	if r.crowd {
		r.recount()
		return
	}
	if !m.dirty {
		m.dirty = true
		r.changed = append(r.changed, m)
	}
	r.p.soon(r)
}

// recount notes that a crowd has to be counted.
func (r *room) recount() {
	if r.crowd {
		r.p.later(r)
	}
}

// replace gives a member other application data, under another reference.
func (m *member) replace(ref uint64, info string) { m.prev, m.ref, m.info = m.ref, ref, info }
