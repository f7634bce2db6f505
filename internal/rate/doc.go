// Package rate says how often something may happen: all that clients do together
// (Bucket), what comes from one address (Addresses), and what one connection
// sends (Meter).
//
// All three are the generic cell rate algorithm (ITU-T I.371, also "leaky bucket
// as a meter"): instead of counting tokens it keeps one number, the time at which
// the account would be even again. What happens at an account that is more than a
// burst ahead of the clock is too much. An account that is even is forgotten, so
// that who does nothing costs nothing.
//
// Times are throng.Clock's.
package rate

import "time"

// tariff is the price of one event and how far ahead of the clock an account may
// be, in nanoseconds.
type tariff struct{ price, credit int64 }

// newTariff allows n events in a time, all of them at once.
func newTariff(n int, in time.Duration) tariff {
	return tariff{price: max(1, int64(in)/int64(n)), credit: int64(in)}
}

// charge books one event on an account. It returns the account, unchanged if the
// event is too much, and then how long to wait until the next one would not be.
func (t tariff) charge(account, now int64) (even int64, wait time.Duration) {
	even = max(account, now) + t.price
	if over := even - now - t.credit; over > 0 {
		return account, time.Duration(over)
	}
	return even, 0
}

// nanos turns Clock milliseconds into the unit of accounts.
func nanos(now int64) int64 { return now * int64(time.Millisecond) }
