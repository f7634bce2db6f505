package visits

import "sync/atomic"

// Stats are what happened to the books; anyone may read them.
type Stats struct {
	Up           atomic.Bool   // the store answered last time
	Flushes      atomic.Uint64 // that were applied
	Rows         atomic.Uint64 // that they said
	Errors       atomic.Uint64 // calls of the store that failed
	Dropped      atomic.Uint64 // visits that are lost: the buffer was full
	Leases       atomic.Uint64 // that were begun
	Fenced       atomic.Uint64 // that were lost because the node seemed dead
	Superseded   atomic.Uint64 // that were lost to another process of the same name
	Steps        atomic.Uint64 // times that the store's clock was set
	ReapedLeases atomic.Uint64 // of other nodes, that this one closed
	ReapedVisits atomic.Uint64
	Offset       atomic.Int64 // the store's clock, less the node's, in milliseconds
	Answer       atomic.Int64 // how long the last flush took, in milliseconds
}

func (s *Stats) applied(f *flush, took int64) {
	s.Flushes.Add(1)
	s.Rows.Add(uint64(f.rows()))
	s.Answer.Store(took)
}

// Stats returns the counters.
func (l *Ledger) Stats() *Stats { return &l.stats }

// Pending returns how many visits have ended and are not written yet.
func (l *Ledger) Pending() int64 { return l.pending.Load() }

// Count returns how many users are here.
func (l *Ledger) Count() (users int) {
	for i := range l.shards {
		s := &l.shards[i]
		s.mu.Lock()
		users += s.here
		s.mu.Unlock()
	}
	return users
}
