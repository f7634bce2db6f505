package visits

import (
	"context"
	"errors"

	"throng"
)

// Here is what the ledger knows of a user who is on this node.
type Here struct {
	Node        string
	Connections int
	// Since is when the visit began on this node, in the store's time.
	Since    int64
	Channels []HereIn // of namespaces where visits or watching are recorded
}

// HereIn is a channel that the user is in, or says to watch. Of a user who may watch
// only one, the channels that don't count are not told.
type HereIn struct {
	Channel string
	Kind    throng.VisitKind
	Since   int64
	Clients int
}

// Here returns what is known of a user, and whether it is here.
func (l *Ledger) Here(user string) (h Here, ok bool) {
	user = kept(user)
	s := l.shard(user)
	s.mu.Lock()
	defer s.mu.Unlock()
	l.yield(s, user, s.frame.at(l.clock.Now()))
	s.of(user, func(e *entry) {
		switch {
		case e.clients == 0 || e.is(isParked):
		case e.place == nil:
			ok = true
			h.Node, h.Connections, h.Since = l.Name(), int(e.clients), e.started
		default:
			h.Channels = append(h.Channels, HereIn{e.place.channel, e.place.kind, e.started, int(e.clients)})
		}
	})
	return h, ok
}

// StoreTime returns what the store's clock says at a time of the node's clock, as far as
// is known now: of a time before the system's clock was set it is what that would have
// been. Each conditional claim asks for it: no lock is taken.
func (l *Ledger) StoreTime(clock int64) int64 {
	return l.frame.Load().at(clock) // that of all shards, but for a moment
}

// User returns the node's name and how many connections a user has here.
func (l *Ledger) User(user string) (node string, connections int) {
	user = kept(user)
	s := l.shard(user)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.users[user]; e != nil {
		connections = int(e.clients)
	}
	return l.Name(), connections
}

// Name returns what the node's visits are kept under.
func (l *Ledger) Name() string { return *l.name.Load() }

// errSlowErase is the error of an erasure that took too long. Its answer may have been
// lost; to erase again does no harm.
var errSlowErase = &throng.Error{Code: throng.ErrTooManyRequests.Code, Message: "the store of visits took too long to erase the user: try again", Temporary: true}

// Erase runs erase, which removes a user from the store, while the ledger writes
// nothing, and forgets the user. So nothing of what was before comes back with what is
// written later. It waits for a store that is away until ctx ends. As the node does not
// beat meanwhile, erase has a third of the TTL, and less when Run ends.
func (l *Ledger) Erase(ctx context.Context, user string, erase func(context.Context) error) (err error) {
	r := request{done: make(chan struct{}), do: func(run context.Context) {
		ctx, cancel := context.WithTimeout(ctx, l.opts.TTL/3)
		defer cancel()
		defer context.AfterFunc(run, cancel)()
		if err = erase(ctx); err == nil {
			l.Forget(user)
		} else if ctx.Err() != nil {
			err = errors.Join(errSlowErase, err)
		}
	}}
	select {
	case l.asked <- r:
	case <-ctx.Done():
		return ctx.Err()
	}
	<-r.done
	return err
}

// Forget begins the open visits of a user anew, and drops what waits to be written of
// it: the store has erased the user. What is on its way to the store meanwhile still
// comes there; Erase waits for that.
func (l *Ledger) Forget(user string) {
	user = kept(user)
	s := l.shard(user)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.frame.at(l.clock.Now())
	s.of(user, func(e *entry) {
		switch {
		case e.clients == 0:
			s.remove(e)
		case e.is(isParked):
		default:
			l.begin(s, e, now)
		}
	})
	keep := s.closed[:0]
	for _, c := range s.closed {
		if c.visit.User != user {
			keep = append(keep, c)
		}
	}
	l.pending.Add(int64(len(keep) - len(s.closed)))
	clear(s.closed[len(keep):])
	s.closed = keep
}

// Records returns the questions of a store, where Erase is the ledger's.
func (l *Ledger) Records(of throng.Records) throng.Records { return records{of, l} }

type records struct {
	throng.Records
	ledger *Ledger
}

// Erase implements throng.Records.
func (r records) Erase(ctx context.Context, user string) (n int64, err error) {
	err = r.ledger.Erase(ctx, user, func(ctx context.Context) (err error) {
		n, err = r.Records.Erase(ctx, user)
		return err
	})
	return n, err
}
