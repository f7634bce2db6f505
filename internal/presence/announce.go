package presence

import "throng"

// announce tells all what has changed since the last time, as one difference.
func (r *room) announce() {
	var joins, leaves []entry
	for _, m := range r.changed {
		m.dirty = false
		before := m.said
		switch {
		case m.conns == 0:
			if before != nil && before.public {
				leaves = append(leaves, entry{m.key, before.meta})
			}
			r.members.drop(r.id(m.key, m.client, m.anonymous), m)
			continue
		case before != nil && before.ref == m.ref && before.public:
			continue // it went and came back
		case before != nil && before.ref != m.ref:
			leaves = append(leaves, entry{m.key, before.meta})
		}
		r.say(m).public = true
		joins = append(joins, entry{m.key, m.said.meta})
	}
	r.changed = nil
	if len(joins)+len(leaves) == 0 {
		return
	}
	r.list = nil
	r.p.stats.Diffs.Add(1)
	r.deliver(throng.PresenceDiff, difference(joins, leaves))
}

// say makes what is told of a member now.
func (r *room) say(m *member) *saying {
	if m.said == nil || m.said.ref != m.ref {
		m.said = &saying{ref: m.ref, meta: r.appendMeta(nil, m)}
	}
	return m.said
}

// deliver tells all who are in the channel. Nobody gets it later on: it takes no
// offset.
func (r *room) deliver(event string, data []byte) {
	r.p.opts.Sink.Deliver(r.name, &throng.Publication{Event: event, Data: data, Time: r.p.opts.Clock.Now()})
}

// announced is the list that all were told. It is shared, and never changes.
func (r *room) announced() []byte {
	if r.list == nil {
		r.list = appendList(nil, r.entries())
	}
	return r.list
}

// entries are what all were told, also of those who went meanwhile.
func (r *room) entries() (list []entry) {
	r.members.each(func(_ string, m *member) {
		if m.said != nil && m.said.public {
			list = append(list, entry{m.key, m.said.meta})
		}
	})
	return list
}

// view is what a member's connection is shown: a list, and how many there are where
// they are counted. Both are shared, and never change.
type view struct {
	list  []byte
	own   entry // of which all are not told yet; no key for none
	count []byte
}

// view returns what a connection of a member is shown that comes now.
func (r *room) view(m *member) (v view) {
	r.p.stats.Lists.Add(1)
	if r.crowd {
		return view{list: noList, count: r.counted()}
	}
	before := m.said
	if before == nil { // its own connections are told before all others
		before = r.say(m)
	}
	if before.public {
		return view{list: r.announced()}
	}
	own := entry{m.key, before.meta}
	if r.shared(m) {
		if all := r.entries(); shares(all, m.key) {
			return view{list: appendList(nil, append(all, own))}
		}
	}
	return view{list: r.announced(), own: own}
}

func shares(list []entry, key string) bool {
	for _, e := range list {
		if e.key == key {
			return true
		}
	}
	return false
}

var noList = []byte("{}")

// size is about how many bytes a connection is shown.
func (v *view) size() int { return len(v.list) + len(v.own.key) + len(v.own.meta) + len(v.count) }

// append writes the list with the own entry.
func (v *view) append(b []byte) []byte {
	b = append(b, v.list[:len(v.list)-1]...)
	if len(v.list) > len(noList) {
		b = append(b, ',')
	}
	b = append(appendKey(b, v.own.key), '[')
	return append(append(b, v.own.meta...), `]}}`...)
}
