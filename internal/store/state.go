package store

import (
	"cmp"
	"slices"

	"throng"
)

// StateChanges are changes of users' maps in a normal form, with names as texts: of each
// user one map, of each key the last change.
type StateChanges struct {
	Maps      []StateMap      // in the order of users
	Entries   []StateRow      // in the order of users and keys
	Mutations []StateMutation // those that are remembered
}

// StateMap says where a user's map stands, and where its changes go on from; from 0:
// there is none.
type StateMap struct {
	User, Epoch string
	From        uint64
	Version     uint64
	At          int64
	Remembered  uint64 // as that of the last change that says it
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

// NewStateChanges brings changes into the normal form. Those of a user that don't follow
// each other are a *throng.StateMovedError.
func NewStateChanges(list []throng.StateChange) (*StateChanges, error) {
	type name struct{ user, key string }
	maps := make(map[string]int)
	rows := make(map[name]int)
	c := new(StateChanges)
	for i := range list {
		one := &list[i]
		user, e := Text(one.User), &one.Entry
		at, there := maps[user]
		if !there {
			at = len(c.Maps)
			maps[user] = at
			c.Maps = append(c.Maps, StateMap{User: user, Epoch: one.Epoch, From: e.Version - 1, Version: e.Version - 1})
		}
		m := &c.Maps[at]
		if one.Epoch != m.Epoch || e.Version != m.Version+1 || e.Version == 0 {
			return nil, Moved([]StateMap{{User: user}})
		}
		m.Version, m.At, m.Remembered = e.Version, e.UpdatedAt, max(m.Remembered, one.Remembered)
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
	c.Mutations = slices.DeleteFunc(c.Mutations, func(m StateMutation) bool { return m.Version < c.Maps[maps[m.User]].Remembered })
	slices.SortFunc(c.Maps, func(a, b StateMap) int { return cmp.Compare(a.User, b.User) })
	slices.SortFunc(c.Entries, func(a, b StateRow) int { return cmp.Or(cmp.Compare(a.User, b.User), cmp.Compare(a.Key, b.Key)) })
	return c, nil
}

// Moved is the error of maps that are not where their changes go on from; nil for none.
func Moved(maps []StateMap) error {
	if len(maps) == 0 {
		return nil
	}
	e := new(throng.StateMovedError)
	for i := range maps {
		e.Users = append(e.Users, Name(maps[i].User))
	}
	return e
}

// Without returns the maps of other users than these.
func (c *StateChanges) Without(users []string) (others []StateMap) {
	if len(users) == len(c.Maps) {
		return nil
	}
	slices.Sort(users)
	for i := range c.Maps {
		if _, there := slices.BinarySearch(users, c.Maps[i].User); !there {
			others = append(others, c.Maps[i])
		}
	}
	return others
}

// Forgetful returns the maps of which mutations are not remembered any more.
func (c *StateChanges) Forgetful() (list []StateMap) {
	for i := range c.Maps {
		if c.Maps[i].Remembered > 0 {
			list = append(list, c.Maps[i])
		}
	}
	return list
}

// Begun returns the maps that are new, and those that go on.
func (c *StateChanges) Begun() (begun, on []StateMap) {
	for i := range c.Maps {
		if c.Maps[i].From == 0 {
			begun = append(begun, c.Maps[i])
		} else {
			on = append(on, c.Maps[i])
		}
	}
	return begun, on
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
