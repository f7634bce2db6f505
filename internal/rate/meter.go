package rate

import (
	"math/rand/v2"
	"time"
)

// Meter is what one connection sent: two accounts in 8 bytes. It belongs to the
// connection's loop. Accounts are in ticks, which wrap after 18 hours; one that
// can't be right is taken for even. A connection that says nothing for so long has
// a chance of 1 in 10,000 to be judged wrongly.
type Meter struct{ messages, bytes uint32 }

// NewMeter returns a meter that is even at a Clock time in milliseconds.
func NewMeter(now int64) Meter { return Meter{ticks(now), ticks(now)} }

func ticks(now int64) uint32 { return uint32(now * ticksPerSecond / 1000) }

// Rates are what a Meter is held against. One value serves all connections; nil
// limits nothing.
type Rates struct {
	message, perByte float64 // prices
	credit           int32
}

const (
	ticksPerSecond = 1 << 16
	burst          = 2 // seconds' worth
)

// NewRates allows messages and bytes a second, 0 for any number; nil for neither.
func NewRates(messages, bytes int) *Rates {
	if messages <= 0 && bytes <= 0 {
		return nil
	}
	r := &Rates{credit: burst * ticksPerSecond}
	if messages > 0 {
		r.message = ticksPerSecond / float64(messages)
	}
	if bytes > 0 {
		r.perByte = ticksPerSecond / float64(bytes)
	}
	return r
}

// Verdict is what a Meter says about a message.
type Verdict uint8

// The verdicts: it may pass; it is too much and should be refused; the client did
// not slow down although it was refused, and should be disconnected.
const (
	Pass Verdict = iota
	Over
	Flood
)

// Take books one message of n bytes at a Clock time in milliseconds. With Over it
// says after how long the same message would pass. What is refused is booked too,
// up to a second burst; beyond that the client floods. A message of any size passes
// when the account is even, or its sender could never send it.
func (m *Meter) Take(r *Rates, now int64, n int) (v Verdict, wait time.Duration) {
	if r == nil {
		return Pass, 0
	}
	tick := ticks(now)
	messages, bytes := whole(r.message), whole(min(r.perByte*float64(n), float64(r.credit)))
	byMessages := r.charge(&m.messages, tick, messages)
	byBytes := r.charge(&m.bytes, tick, bytes)
	switch over := max(byMessages, byBytes); {
	case over <= 0:
		return Pass, 0
	case over > r.credit:
		return Flood, 0
	}
	again := max(byMessages+messages, byBytes+bytes)
	return Over, time.Duration(again+1) * time.Second / ticksPerSecond
}

// whole rounds a price. One of few ticks is rounded at random, so that in the long
// run nothing is too cheap: many small messages cost what one large one does.
func whole(price float64) int32 {
	const few = 1 << 10
	if price >= few {
		return int32(price)
	}
	ticks := int32(price)
	if rest := price - float64(ticks); rest > 0 && rand.Float64() < rest {
		ticks++
	}
	return ticks
}

// charge books a price and returns by how much the account is overdrawn.
func (r *Rates) charge(account *uint32, tick uint32, price int32) (over int32) {
	most := 3 * r.credit
	ahead := int32(*account - tick)
	if ahead < 0 || ahead > most {
		ahead = 0
	}
	even := ahead == 0
	ahead = min(ahead+price, most)
	if even {
		ahead = min(ahead, r.credit)
	}
	*account = tick + uint32(ahead)
	return ahead - r.credit
}
