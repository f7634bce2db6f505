package store

import (
	"context"

	"throng"
)

// What users' maps ask opens the store, as what the ledger does.

// SaveStates implements throng.UserStates.
func (l *Later) SaveStates(ctx context.Context, changes []throng.StateChange) error {
	s, err := l.get(ctx)
	if err != nil {
		return err
	}
	return s.SaveStates(ctx, changes)
}

// LoadState implements throng.UserStates.
func (l *Later) LoadState(ctx context.Context, user string, now, since int64, most int) (throng.UserState, []throng.Mutation, error) {
	s, err := l.get(ctx)
	if err != nil {
		return throng.UserState{}, nil, err
	}
	return s.LoadState(ctx, user, now, since, most)
}

// ForgetState implements throng.UserStates.
func (l *Later) ForgetState(ctx context.Context, user string) error {
	s, err := l.get(ctx)
	if err != nil {
		return err
	}
	return s.ForgetState(ctx, user)
}

// PruneStates implements throng.UserStates.
func (l *Later) PruneStates(ctx context.Context, expired, since int64) error {
	s, err := l.now()
	if err != nil {
		return err
	}
	return s.PruneStates(ctx, expired, since)
}
