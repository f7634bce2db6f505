package store

import (
	"context"
	"fmt"
	"sync"
	"time"

	"throng"
)

// Store is everything that a database keeps for a service.
type Store interface {
	throng.Visits
	throng.Records
	throng.Bonuses
}

// Later is a store that is opened when it is first there: a database may be away when
// a node starts. What the ledger does opens it; questions do not, and are told that it
// is not there.
type Later struct {
	open func(context.Context) (Store, error)

	opening chan struct{} // holds one: who has it may open
	mu      sync.Mutex
	store   Store // nil until it is open
	closed  bool
}

var _ Store = (*Later)(nil)

// NewLater returns a store that open opens.
func NewLater(open func(context.Context) (Store, error)) *Later {
	return &Later{open: open, opening: make(chan struct{}, 1)}
}

// now returns the store if it is open.
func (l *Later) now() (Store, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		return nil, throng.ErrClosed
	case l.store == nil:
		return nil, fmt.Errorf("the store is not there yet: %w", throng.ErrNotAvailable)
	}
	return l.store, nil
}

// get returns the store, and opens it if need be.
func (l *Later) get(ctx context.Context) (Store, error) {
	select {
	case l.opening <- struct{}{}:
		defer func() { <-l.opening }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	l.mu.Lock()
	store, closed := l.store, l.closed
	l.mu.Unlock()
	switch {
	case closed:
		return nil, throng.ErrClosed
	case store != nil:
		return store, nil
	}
	store, err := l.open(ctx)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.store = store
	l.mu.Unlock()
	return store, nil
}

// Open opens the store if it is not there yet.
func (l *Later) Open(ctx context.Context) error {
	_, err := l.get(ctx)
	return err
}

// Acquire implements throng.Visits.
func (l *Later) Acquire(ctx context.Context, nodeID string) (throng.Lease, error) {
	s, err := l.get(ctx)
	if err != nil {
		return throng.Lease{}, err
	}
	return s.Acquire(ctx, nodeID)
}

// Flush implements throng.Visits.
func (l *Later) Flush(ctx context.Context, lease throng.Lease, f *throng.VisitFlush) (int64, error) {
	s, err := l.now()
	if err != nil {
		return 0, err
	}
	return s.Flush(ctx, lease, f)
}

// Release implements throng.Visits.
func (l *Later) Release(ctx context.Context, lease throng.Lease, at int64, why throng.VisitReason) error {
	s, err := l.now()
	if err != nil {
		return err
	}
	return s.Release(ctx, lease, at, why)
}

// Reap implements throng.Visits.
func (l *Later) Reap(ctx context.Context, ttl time.Duration) (throng.Reaped, error) {
	s, err := l.now()
	if err != nil {
		return throng.Reaped{}, err
	}
	return s.Reap(ctx, ttl)
}

// Prune implements throng.Visits.
func (l *Later) Prune(ctx context.Context, keep throng.VisitRetention) error {
	s, err := l.now()
	if err != nil {
		return err
	}
	return s.Prune(ctx, keep)
}

// Online implements throng.Records.
func (l *Later) Online(ctx context.Context, q throng.OnlineQuery) (throng.OnlineUsers, error) {
	s, err := l.now()
	if err != nil {
		return throng.OnlineUsers{}, err
	}
	return s.Online(ctx, q)
}

// Sessions implements throng.Records.
func (l *Later) Sessions(ctx context.Context, f throng.VisitFilter, p throng.Page) ([]throng.Visit, string, error) {
	s, err := l.now()
	if err != nil {
		return nil, "", err
	}
	return s.Sessions(ctx, f, p)
}

// Watched implements throng.Records.
func (l *Later) Watched(ctx context.Context, q throng.WatchedQuery) ([]throng.Watched, string, error) {
	s, err := l.now()
	if err != nil {
		return nil, "", err
	}
	return s.Watched(ctx, q)
}

// Present implements throng.Records.
func (l *Later) Present(ctx context.Context, q throng.PresentQuery) (map[string]bool, error) {
	s, err := l.now()
	if err != nil {
		return nil, err
	}
	return s.Present(ctx, q)
}

// Curve implements throng.Records.
func (l *Later) Curve(ctx context.Context, q throng.CurveQuery) ([]throng.Occupancy, error) {
	s, err := l.now()
	if err != nil {
		return nil, err
	}
	return s.Curve(ctx, q)
}

// Erase implements throng.Records.
func (l *Later) Erase(ctx context.Context, user string) (int64, error) {
	s, err := l.now()
	if err != nil {
		return 0, err
	}
	return s.Erase(ctx, user)
}

// Close implements throng.Visits.
func (l *Later) Close(ctx context.Context) error {
	l.mu.Lock()
	store := l.store
	l.store, l.closed = nil, true
	l.mu.Unlock()
	if store == nil {
		return nil
	}
	return store.Close(ctx)
}
