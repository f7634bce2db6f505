package rate

import (
	"sync/atomic"
	"time"
)

// Bucket limits what all do together. It is safe for concurrent use; nil limits
// nothing.
type Bucket struct {
	tariff
	account atomic.Int64
}

// NewBucket allows n events a second, as many at once; nil for 0.
func NewBucket(n int) *Bucket {
	if n <= 0 {
		return nil
	}
	return &Bucket{tariff: newTariff(n, time.Second)}
}

// Take books one event at a Clock time in milliseconds. It returns 0, or how long
// to wait if it is one too many.
func (b *Bucket) Take(now int64) (wait time.Duration) {
	if b == nil {
		return 0
	}
	for {
		account := b.account.Load()
		even, wait := b.charge(account, nanos(now))
		if wait > 0 || b.account.CompareAndSwap(account, even) {
			return wait
		}
	}
}
