package throng

import (
	"context"
	"errors"
)

// StateEntry is one key of a user's state: a small map that the user's tabs and devices
// share.
type StateEntry struct {
	Key string
	// Value is JSON; nil says that the key was deleted.
	Value []byte
	// Version is the map's version that the last change of the key made.
	Version uint64
	// UpdatedAt and ExpiresAt are Clock milliseconds; ExpiresAt 0 is never.
	UpdatedAt, ExpiresAt int64
}

// UserState is a user's map at a version. Epoch says what the version counts in: another
// epoch is another map.
type UserState struct {
	Epoch   string
	Version uint64
	Entries []StateEntry
}

// StateChange is a change of one user's map: what a mutation set or deleted.
type StateChange struct {
	User  string
	Epoch string
	// Entry is what is there now, Entry.Version the map's version after it.
	Entry StateEntry
	// Mutation names the change for whoever repeats it; empty for none. MutatedAt is
	// when that was, in Clock milliseconds.
	Mutation  string
	MutatedAt int64
	// Remembered, unless 0, is the version below which none of the user's mutations is
	// remembered any more.
	Remembered uint64
}

// Mutation is a change that was made, for whoever repeats it.
type Mutation struct {
	ID      string
	Key     string
	Version uint64
	At      int64
}

// UserStates keeps users' maps where a node that starts finds them again.
//
// SaveStates writes changes in their order, all or nothing. Those of a user are of one
// epoch, each with the version behind the one before, and the first one goes on from what
// is kept; one with version 1, from nothing. Where that is not so it fails with a
// *StateMovedError, and nothing was written: something else was, perhaps changes of before
// whose outcome was not known. Those of other users may go through without. After any other error it is not known whether they were
// written. LoadState returns what is kept of a user, without keys that had expired by now, and
// the last mutations since, at most so many; one of whom nothing is kept has an empty Epoch. ForgetState removes
// all of a user, PruneStates keys that had expired by then, and mutations older than since;
// a map's version stays what it is, so nobody may be about who could still show such a key.
//
// Calls block and are never made on a loop; they are safe for concurrent use.
type UserStates interface {
	SaveStates(ctx context.Context, changes []StateChange) error
	LoadState(ctx context.Context, user string, now, since int64, most int) (UserState, []Mutation, error)
	ForgetState(ctx context.Context, user string) error
	PruneStates(ctx context.Context, expired, since int64) error
}

// ErrStateMoved is the error of changes of a map that is not where they go on from.
var ErrStateMoved = errors.New("a user's map is not where its changes go on from")

// StateMovedError is ErrStateMoved, and says of whom: at least one user of whom it is true,
// and nobody else.
type StateMovedError struct{ Users []string }

func (*StateMovedError) Error() string { return ErrStateMoved.Error() }

// Unwrap makes it ErrStateMoved.
func (*StateMovedError) Unwrap() error { return ErrStateMoved }
