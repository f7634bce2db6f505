package store

import (
	"cmp"
	"slices"

	"throng"
)

// StateChanges are changes of users' maps in a normal form, with names as texts: of each
// user one map, of each key the last change, and nothing of an epoch that ended.
type StateChanges struct {
	Maps      []StateMap
	Entries   []StateRow // in the order of users and keys
	Mutations []StateMutation
}

// StateMap says where a user's map stands.
type StateMap struct {
	User, Epoch string
	Version     uint64
	At          int64
}

// StateRow is what a key has; Deleted: nothing.
type StateRow struct {
	User, Key, Value   string
	Deleted            bool
	Version            uint64
	UpdatedAt, Expires int64
}

// StateMutation is a change that may be repeated.
type StateMutation struct {
	User, ID, Key string
	Version       uint64
	At            int64
}

// NewStateChanges brings changes into the normal form.
func NewStateChanges(list []throng.StateChange) *StateChanges {
	type name struct{ user, key string }
	maps := make(map[string]int)
	rows := make(map[name]int)
	c := new(StateChanges)
	for i := range list {
		one := &list[i]
		user, e := Text(one.User), &one.Entry
		m := StateMap{user, one.Epoch, e.Version, e.UpdatedAt}
		if at, there := maps[user]; !there {
			maps[user] = len(c.Maps)
			c.Maps = append(c.Maps, m)
		} else {
			if c.Maps[at].Epoch != one.Epoch { // what was before is of no map any more
				c.forget(user)
				clear(rows)
				for j := range c.Entries {
					rows[name{c.Entries[j].User, c.Entries[j].Key}] = j
				}
			}
			c.Maps[at] = m
		}
		r := StateRow{user, Text(e.Key), string(e.Value), e.Value == nil, e.Version, e.UpdatedAt, e.ExpiresAt}
		if at, there := rows[name{user, r.Key}]; there {
			c.Entries[at] = r
		} else {
			rows[name{user, r.Key}] = len(c.Entries)
			c.Entries = append(c.Entries, r)
		}
		if one.Mutation != "" {
			c.Mutations = append(c.Mutations, StateMutation{user, Text(one.Mutation), r.Key, e.Version, one.MutatedAt})
		}
	}
	slices.SortFunc(c.Maps, func(a, b StateMap) int { return cmp.Compare(a.User, b.User) })
	slices.SortFunc(c.Entries, func(a, b StateRow) int { return cmp.Or(cmp.Compare(a.User, b.User), cmp.Compare(a.Key, b.Key)) })
	slices.SortStableFunc(c.Mutations, func(a, b StateMutation) int { return cmp.Or(cmp.Compare(a.User, b.User), cmp.Compare(a.ID, b.ID)) })
	c.Mutations = slices.CompactFunc(c.Mutations, func(a, b StateMutation) bool { return a.User == b.User && a.ID == b.ID })
	return c
}

func (c *StateChanges) forget(user string) {
	c.Entries = slices.DeleteFunc(c.Entries, func(r StateRow) bool { return r.User == user })
	c.Mutations = slices.DeleteFunc(c.Mutations, func(m StateMutation) bool { return m.User == user })
}

// State puts together what a store has of a user.
func (r *StateRow) State() throng.StateEntry {
	return throng.StateEntry{Key: Name(r.Key), Value: []byte(r.Value), Version: r.Version, UpdatedAt: r.UpdatedAt, ExpiresAt: r.Expires}
}

// Split returns the keys that are there, and those that are gone.
func (c *StateChanges) Split() (set, gone []StateRow) {
	for i := range c.Entries {
		if c.Entries[i].Deleted {
			gone = append(gone, c.Entries[i])
		} else {
			set = append(set, c.Entries[i])
		}
	}
	return set, gone
}
