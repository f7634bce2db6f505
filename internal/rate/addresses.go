package rate

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
)

// Addresses limits what comes from one address, or from one /64 of IPv6, which is
// what a household has. It is safe for concurrent use; nil limits nothing.
type Addresses struct {
	tariff
	seed   maphash.Seed
	shards [16]shard
}

// shard keeps accounts in two generations: one that was not touched for a whole
// period is even and needs no memory.
type shard struct {
	mu       sync.Mutex
	new, old map[netip.Addr]int64
	turned   int64 // when new was begun
}

// maxShard bounds the memory. Who has a million addresses can't be limited by
// address; then accounts are forgotten early.
const maxShard = 1 << 16

// NewAddresses allows n events a minute from each address, as many at once; nil
// for 0.
func NewAddresses(n int) *Addresses {
	if n <= 0 {
		return nil
	}
	return &Addresses{tariff: newTariff(n, time.Minute), seed: maphash.MakeSeed()}
}

// Take books one event of an address at a Clock time in milliseconds. It returns
// 0, or how long that address has to wait. What has no address is not limited.
func (a *Addresses) Take(addr netip.Addr, now int64) (wait time.Duration) {
	if a == nil || !addr.IsValid() {
		return 0
	}
	key := household(addr)
	s := a.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	at := nanos(now)
	if s.new == nil || at-s.turned >= a.credit || len(s.new) >= maxShard {
		s.old, s.new, s.turned = s.new, make(map[netip.Addr]int64), at
	}
	even, wait := a.charge(s.account(key), at)
	s.new[key] = even
	return wait
}

// Return takes back what Take booked, because the event did not take place.
func (a *Addresses) Return(addr netip.Addr) {
	if a == nil || !addr.IsValid() {
		return
	}
	key := household(addr)
	s := a.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.new != nil {
		s.new[key] = s.account(key) - a.price
	}
}

func (a *Addresses) shard(key netip.Addr) *shard {
	return &a.shards[maphash.Comparable(a.seed, key)%uint64(len(a.shards))]
}

func (s *shard) account(key netip.Addr) int64 {
	if account, known := s.new[key]; known {
		return account
	}
	return s.old[key]
}

// household is an address as it is limited: of IPv6 the network of 64 bits.
func household(a netip.Addr) netip.Addr {
	if a = a.Unmap().WithZone(""); a.Is4() {
		return a
	}
	p, _ := a.Prefix(64) // fails for lengths that no address has
	return p.Addr()
}
