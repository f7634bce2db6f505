package load

import (
	"time"

	"throng/internal/bench/report"
)

// channel is a channel on a target, or on all of them if they are one server.
type channel struct {
	key      string // among all: target and name
	name     string
	subs     int   // joined here
	sent     int64 // messages of this phase that were accepted
	received int64 // deliveries of this phase
	flights  []flight
}

// flight is a message that not all subscribers here have yet.
type flight struct {
	mark mark
	left int
	last int64 // when the last one got it
}

// maxFlights bounds what is remembered of messages that never arrive everywhere.
const maxFlights = 256

// deliver notes that one more subscriber got a message, and reports how long it
// took to the last one if this is the last.
func (ch *channel) deliver(m mark, at int64) (took time.Duration, last bool) {
	for i := len(ch.flights) - 1; i >= 0; i-- {
		f := &ch.flights[i]
		if f.mark != m {
			continue
		}
		f.left--
		f.last = max(f.last, at)
		if f.left > 0 {
			return 0, false
		}
		took = time.Duration(f.last - m.at)
		ch.flights = append(ch.flights[:i], ch.flights[i+1:]...)
		return took, true
	}
	if ch.subs <= 1 {
		return time.Duration(at - m.at), true
	}
	if len(ch.flights) == maxFlights {
		ch.flights = append(ch.flights[:0], ch.flights[1:]...)
	}
	ch.flights = append(ch.flights, flight{m, ch.subs - 1, at})
	return 0, false
}

// sub is a user's place in a channel. It stays when the user leaves, because the
// numbers of its messages go on.
type sub struct {
	ch      *channel
	joinRef uint32
	seq     uint32 // of the user's last message
	state   subState
	whole   bool // there before anybody sent anything
	first   tracker
	more    map[uint32]*tracker // of further senders
}

type subState uint8

const (
	left subState = iota
	joining
	joined
	leaving
)

// take notes a message of a sender, and reports whether it came for the first time.
func (s *sub) take(m mark, c *report.Checks) bool {
	if s.first.user == m.user || s.first.seq == 0 {
		s.first.user = m.user
		return s.first.take(m.seq, s.whole, c)
	}
	t := s.more[m.user]
	if t == nil {
		if s.more == nil {
			s.more = make(map[uint32]*tracker)
		}
		t = &tracker{user: m.user}
		s.more[m.user] = t
	}
	return t.take(m.seq, s.whole, c)
}

// forget begins anew, as after a time in which messages were missed rightly.
func (s *sub) forget() { s.first, s.more, s.whole = tracker{}, nil, false }
