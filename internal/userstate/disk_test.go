package userstate_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"

	"throng"
)

// disk is a store whose calls fail now and then: before they did anything, or after. What
// real stores do is tested with them.
type disk struct {
	mu    sync.Mutex
	r     *rand.Rand // nil: nothing fails
	away  bool
	lose  bool // away as soon as something was written, and the answer with it
	users map[string]*kept
	hangs atomic.Bool
	saves int
	ever  map[string]int // how often a change was written, by epoch and mutation
}

type kept struct {
	st   throng.UserState
	made []throng.Mutation
}

var errDisk = errors.New("the disk is on fire")

func newDisk(r *rand.Rand) *disk {
	return &disk{r: r, users: map[string]*kept{}, ever: map[string]int{}}
}

func (d *disk) fails() bool { return d.away || d.r != nil && d.r.IntN(8) == 0 }

func (d *disk) SaveStates(ctx context.Context, changes []throng.StateChange) error {
	if err := d.wait(ctx); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fails() {
		return errDisk
	}
	if user, moved := d.moved(changes); moved {
		return &throng.StateMovedError{Users: []string{user}}
	}
	d.saves++
	for i := range changes {
		c := &changes[i]
		k := d.users[c.User]
		if k == nil || k.st.Epoch != c.Epoch {
			k = &kept{st: throng.UserState{Epoch: c.Epoch}}
			d.users[c.User] = k
		}
		k.st.Version = max(k.st.Version, c.Entry.Version)
		k.st.Entries = slices.DeleteFunc(k.st.Entries, func(e throng.StateEntry) bool { return e.Key == c.Entry.Key })
		if c.Entry.Value != nil {
			k.st.Entries = append(k.st.Entries, c.Entry)
		}
		if c.Mutation != "" {
			d.ever[c.Epoch+" "+c.Mutation]++
			k.made = append(k.made, throng.Mutation{ID: c.Mutation, Key: c.Entry.Key, Version: c.Entry.Version, At: c.MutatedAt})
		}
		k.made = slices.DeleteFunc(k.made, func(m throng.Mutation) bool { return m.Version < c.Remembered })
	}
	if d.lose {
		d.lose, d.away = false, true
	}
	if d.fails() {
		return errDisk
	}
	return nil
}

func (d *disk) LoadState(ctx context.Context, user string, now, since int64, most int) (st throng.UserState, made []throng.Mutation, err error) {
	if err := d.wait(ctx); err != nil {
		return st, nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fails() {
		return st, nil, errDisk
	}
	k := d.users[user]
	if k == nil {
		return st, nil, nil
	}
	st = k.st
	st.Entries = slices.DeleteFunc(slices.Clone(st.Entries), func(e throng.StateEntry) bool { return e.ExpiresAt != 0 && e.ExpiresAt <= now })
	made = slices.DeleteFunc(slices.Clone(k.made), func(m throng.Mutation) bool { return m.At <= since })
	return st, made[max(0, len(made)-most):], nil
}

func (d *disk) ForgetState(ctx context.Context, user string) error {
	if err := d.wait(ctx); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fails() {
		return errDisk
	}
	delete(d.users, user)
	return nil
}

func (d *disk) PruneStates(_ context.Context, expired, since int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.away {
		return errDisk
	}
	for _, k := range d.users {
		k.st.Entries = slices.DeleteFunc(k.st.Entries, func(e throng.StateEntry) bool { return e.ExpiresAt != 0 && e.ExpiresAt <= expired })
		k.made = slices.DeleteFunc(k.made, func(m throng.Mutation) bool { return m.At <= since })
	}
	return nil
}

// set puts the store away, or back.
func (d *disk) set(away bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.away = away
}

// loseAnswer has the store write once more, say that it failed, and be away from then on.
func (d *disk) loseAnswer() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lose = true
}

// wrote is how often a change was written.
func (d *disk) wrote(name string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ever[name]
}

// stuck has calls wait until they are given up.
func (d *disk) stuck(hangs bool) { d.hangs.Store(hangs) }

func (d *disk) wait(ctx context.Context) error {
	if d.hangs.Load() {
		<-ctx.Done()
	}
	return ctx.Err()
}
