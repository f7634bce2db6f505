package bonus

import (
	"cmp"
	"slices"
)

// index finds live offers by who may know of them. Each list is by deadline.
type index struct {
	channels map[string][]*offer
	users    map[string][]*offer
	free     []*offer // for everybody, and announced nowhere
	count    int
	names    int // users of all offers
}

func newIndex() index {
	return index{channels: make(map[string][]*offer), users: make(map[string][]*offer)}
}

func byDeadline(a, b *offer) int {
	return cmp.Or(cmp.Compare(a.Deadline, b.Deadline), cmp.Compare(a.ID, b.ID))
}

func with(list []*offer, o *offer) []*offer {
	i, _ := slices.BinarySearchFunc(list, o, byDeadline)
	return slices.Insert(list, i, o)
}

func without(list []*offer, o *offer) []*offer {
	i, ok := slices.BinarySearchFunc(list, o, byDeadline)
	if !ok {
		return list
	}
	return slices.Delete(list, i, i+1)
}

// drop takes an offer off a list of a map, and an empty list off the map.
func drop(m map[string][]*offer, key string, o *offer) {
	if list := without(m[key], o); len(list) > 0 {
		m[key] = list
	} else {
		delete(m, key)
	}
}

func (x *index) add(o *offer) {
	x.count++
	x.names += len(o.users)
	if c := o.Audience.Channel; c != "" {
		x.channels[c] = with(x.channels[c], o)
	} else if o.users == nil {
		x.free = with(x.free, o)
	}
	for u := range o.users {
		x.users[u] = with(x.users[u], o)
	}
}

// unname takes a user off those whom an offer is for.
func (x *index) unname(o *offer, user string) {
	x.names--
	drop(x.users, user, o)
}

func (x *index) remove(o *offer) {
	x.count--
	x.names -= len(o.users)
	if c := o.Audience.Channel; c != "" {
		drop(x.channels, c, o)
	} else if o.users == nil {
		x.free = without(x.free, o)
	}
	for u := range o.users {
		drop(x.users, u, o)
	}
}
