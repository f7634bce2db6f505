package rate

import "time"

// Meter is what one connection sent: two accounts in 8 bytes. It belongs to the
// connection's loop. Accounts are in ticks of a sixteenth of a millisecond and
// wrap after 74 hours; one that can't be right is taken for even. A connection
// that says nothing for days has a chance of 1 in 45,000 to be judged wrongly.
type Meter struct{ messages, bytes uint32 }

// NewMeter returns a meter that is even at a Clock time in milliseconds.
func NewMeter(now int64) Meter { return Meter{ticks(now), ticks(now)} }

func ticks(now int64) uint32 { return uint32(now * ticksPerMilli) }

// Rates are what a Meter is held against. One value serves all connections; nil
// limits nothing.
type Rates struct {
	message int32   // price of a message
	perByte float64 // price of a byte
	credit  int32
}

const (
	ticksPerMilli  = 16
	ticksPerSecond = 1000 * ticksPerMilli
	burst          = 2 // seconds' worth
)

// NewRates allows messages and bytes a second, 0 for any number; nil for neither.
func NewRates(messages, bytes int) *Rates {
	if messages <= 0 && bytes <= 0 {
		return nil
	}
	r := &Rates{credit: burst * ticksPerSecond}
	if messages > 0 {
		r.message = int32(max(1, ticksPerSecond/messages))
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
// up to a second burst; beyond that the client floods. A message of any size passes when
// the account is even, or its sender could never send it.
func (m *Meter) Take(r *Rates, now int64, n int) (v Verdict, wait time.Duration) {
	if r == nil {
		return Pass, 0
	}
	tick := ticks(now)
	price := min(r.perByte*float64(n), float64(r.credit))
	byMessages := r.charge(&m.messages, tick, float64(r.message))
	byBytes := r.charge(&m.bytes, tick, price)
	switch over := max(byMessages, byBytes); {
	case over <= 0:
		return Pass, 0
	case over > r.credit:
		return Flood, 0
	}
	again := max(byMessages+r.message, byBytes+int32(price)+1)
	return Over, time.Duration(again) * time.Millisecond / ticksPerMilli
}

// charge books a price and returns by how much the account is overdrawn.
func (r *Rates) charge(account *uint32, tick uint32, price float64) (over int32) {
	most := 3 * r.credit
	ahead := int32(*account - tick)
	if ahead < 0 || ahead > most {
		ahead = 0
	}
	even := ahead == 0
	ahead = int32(min(float64(ahead)+price+0.5, float64(most)))
	if even {
		ahead = min(ahead, r.credit)
	}
	*account = tick + uint32(ahead)
	return ahead - r.credit
}
