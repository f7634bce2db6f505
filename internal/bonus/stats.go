package bonus

import (
	"sync/atomic"

	"throng"
)

// Verdicts are the names of throng's verdicts, by their numbers.
var Verdicts = [...]string{
	throng.Won: "won", throng.Already: "already", throng.Exhausted: "exhausted",
	throng.Expired: "expired", throng.NotForYou: "not_for_you", throng.NotYet: "not_yet",
}

// Stats is what happened at a desk.
type Stats struct {
	// Verdicts are the claims that were answered, by verdict.
	Verdicts [len(Verdicts)]atomic.Uint64
	// Crowded are claims that were refused because too many waited, Away those because
	// the store did not answer, Unknown those of a bonus that there is not or that the
	// client may not know of.
	Crowded, Away, Unknown atomic.Uint64
	// Batches and Judged are what the store answered: how often, and how many claims.
	Batches, Judged atomic.Uint64
	// Errors are calls of the store that failed.
	Errors atomic.Uint64
	// Offered and Ended are bonuses that were announced.
	Offered, Ended atomic.Uint64
}

func (s *Stats) refused(err error) {
	switch throng.AsError(err).Code {
	case throng.ErrTooManyRequests.Code:
		s.Crowded.Add(1)
	case throng.ErrNotAvailable.Code:
		s.Away.Add(1)
	case throng.ErrUnknownBonus.Code:
		s.Unknown.Add(1)
	}
}

// Stats returns what is counted.
func (d *Desk) Stats() *Stats { return &d.stats }

// Count returns how many bonuses are live or scheduled, how many claims wait for the
// store, and how many that were granted are remembered.
func (d *Desk) Count() (live, waiting, remembered int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.live.count, d.crowd.count, d.remembered
}
