package report

import "strings"

// Exchange is what a phase was about: the thing that its rate and the server's
// time are counted by.
type Exchange struct {
	Name  string // "delivery", "reply", "answer", "event", "heartbeat", "connect + join", "join", "connect"; "" if nothing happened
	Count int64
}

// Exchange returns the exchange of the phase. Messages come before everything
// else. Heartbeats are what an idle phase is about, but happen by the way while
// very many connect, so between these two the more frequent counts.
func (p *Phase) Exchange() Exchange {
	c := p.Counts
	arrivals := Exchange{}
	switch {
	case c.Joins > 0 && c.Connects > 0:
		arrivals = Exchange{"connect + join", c.Joins}
	case c.Joins > 0:
		arrivals = Exchange{"join", c.Joins}
	case c.Connects > 0:
		arrivals = Exchange{"connect", c.Connects}
	}
	switch {
	case c.Received > 0:
		return Exchange{"delivery", c.Received}
	case c.Replies > 0:
		return Exchange{"reply", c.Replies}
	case c.Answers > 0:
		return Exchange{"answer", c.Answers}
	case c.Events > 0:
		return Exchange{"event", c.Events}
	case c.Heartbeat > 0 && c.Heartbeat >= arrivals.Count:
		return Exchange{"heartbeat", c.Heartbeat}
	}
	return arrivals
}

// per returns a number per second of the phase.
func (p *Phase) per(n int64) float64 {
	if p.Seconds <= 0 {
		return unknown
	}
	return float64(n) / p.Seconds
}

// Rate returns the exchanges per second, NaN if the phase took no time.
func (p *Phase) Rate() float64 { return p.per(p.Exchange().Count) }

// CPU returns the microseconds of processor time that the server used for an
// exchange, all included; NaN if that was not measured.
func (p *Phase) CPU() float64 {
	n := p.Exchange().Count
	if p.Server == nil || n <= 0 {
		return unknown
	}
	return p.Server.CPU * 1e6 / float64(n)
}

// cores returns how many processors were busy with this, on average.
func (p *Phase) cores(u *Usage) float64 {
	if u == nil || p.Seconds <= 0 {
		return unknown
	}
	return u.CPU / p.Seconds
}

// mainLatency names the latency that stands for the phase, "" if there is none.
func (p *Phase) mainLatency() string {
	for _, name := range []string{Delivery, Reply, p.mainEvent(), Comeback, Connect, Join} {
		if p.Latencies[name].Count() > 0 {
			return name
		}
	}
	return ""
}

// mainEvent names the most frequent latency of answers, or without any that of
// events.
func (p *Phase) mainEvent() (main string) {
	for _, prefix := range []string{answerTo, eventOf} {
		for name, h := range p.Latencies {
			if n, most := h.Count(), p.Latencies[main].Count(); strings.HasPrefix(name, prefix) && (n > most || n == most && n > 0 && name < main) {
				main = name
			}
		}
		if main != "" {
			break
		}
	}
	return main
}

// mainPhase returns the phase that stands for the run: the one called
// "messages", or the one with most of the most telling exchange: deliveries,
// replies, heartbeats, arrivals. Nil if nothing happened.
func (r *Report) mainPhase() *Phase {
	var best *Phase
	for i := range r.Phases {
		p := &r.Phases[i]
		if best == nil || p.weight() > best.weight() ||
			p.weight() == best.weight() && p.Exchange().Count > best.Exchange().Count {
			best = p
		}
	}
	if best == nil || best.Exchange().Count == 0 && best.mainLatency() == "" {
		return nil
	}
	return best
}

// weight orders phases by how much they tell about a run.
func (p *Phase) weight() int {
	latency, weight := p.mainLatency(), 0
	switch {
	case latency == Delivery || p.Counts.Received > 0:
		weight = 6
	case latency == Reply || p.Counts.Replies > 0:
		weight = 4
	case p.Counts.Answers > 0 || p.Counts.Events > 0:
		weight = 3
	case latency != "":
		weight = 2
	}
	if p.Name == "messages" {
		weight++
	}
	return weight
}

// phase returns the phase of a name, the last one if there are several.
func (r *Report) phase(name string) *Phase {
	for i := len(r.Phases) - 1; i >= 0; i-- {
		if r.Phases[i].Name == name {
			return &r.Phases[i]
		}
	}
	return nil
}
