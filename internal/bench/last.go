package bench

import (
	"time"

	"throng/internal/bench/load"
	"throng/internal/bench/report"
)

// message is one of which several processes have subscribers.
type message struct {
	user, seq uint32
	place     string
}

// arrival is how far a message has come.
type arrival struct {
	subs int64 // who got it
	took time.Duration
}

// last remembers when the last subscriber in a process got messages.
func (l *leader) last(lasts []load.Last) {
	for _, one := range lasts {
		m := message{one.User, one.Seq, one.Place}
		a := l.lasts[m]
		l.lasts[m] = arrival{a.subs + one.Subs, max(a.took, one.Took)}
	}
}

// addLast adds when messages reached the last subscriber, if several processes had
// to tell it. What did not reach all has no last one, as far as their number is
// known.
func (l *leader) addLast(p *report.Phase, due *delivered) {
	h := report.NewHistogram()
	for m, a := range l.lasts {
		if due == nil || a.subs == due.subs[m.place] {
			h.Record(a.took)
		}
	}
	if h.Count() > 0 {
		p.Latencies[report.Last] = h
	}
}
