package presence

import (
	"strconv"

	"throng"
)

// sample is how many of the newest members a count names, as far as they are not large.
const sample = 10

// rise turns a room into a crowd. Whoever shows the list shows none from here on.
func (r *room) rise() {
	r.crowd = true
	r.p.stats.Crowds.Add(1)
	r.members.each(func(id string, m *member) {
		m.said, m.dirty = nil, false
		if m.conns == 0 {
			r.members.drop(id, m)
		}
	})
	r.members.split(crowdParts)
	r.changed, r.list, r.count = nil, nil, nil
	r.p.stats.Lists.Add(1)
	r.deliver(throng.PresenceState, noList)
	r.afresh()
	r.p.later(r)
}

// fall turns a crowd into a room whose members are told of each other.
func (r *room) fall() {
	r.crowd = false
	r.p.stats.Crowds.Add(-1)
	r.members.split(1)
	r.members.each(func(_ string, m *member) { r.say(m).public = true })
	r.list, r.count = nil, nil
	r.p.stats.Lists.Add(1)
	r.deliver(throng.PresenceState, r.announced())
	r.afresh()
}

// number counts a crowd and tells all.
func (r *room) number() {
	if r.small() {
		r.fall()
		return
	}
	r.count = nil
	r.p.stats.Counts.Add(1)
	r.deliver(throng.PresenceCount, r.counted())
}

// counted is how many there are, as all were told the last time, or the first time.
func (r *room) counted() []byte {
	if r.count != nil {
		return r.count
	}
	b := append([]byte(nil), `{"users":`...)
	b = strconv.AppendInt(b, int64(r.users()), 10)
	b = append(b, `,"connections":`...)
	b = strconv.AppendInt(b, int64(r.conns), 10)
	b = append(b, `,"newest":[`...)
	most := r.p.opts.ListBytes / 2
	for m, n := r.newest, 0; m != nil && n < sample && len(b)+int(m.weight) <= most; m, n = m.older, n+1 {
		if n > 0 {
			b = append(b, ',')
		}
		b = append(r.appendEntry(b, m), '}')
	}
	r.count = append(b, `]}`...)
	return r.count
}

// appendEntry appends a member as it stands in samples and pages, without the last
// brace.
func (r *room) appendEntry(b []byte, m *member) []byte {
	b = appendString(append(b, `{"key":`...), m.key)
	b = append(b, `,"metas":[`...)
	return append(r.appendMeta(b, m), ']')
}
