package report

// tile is one of the figures that are told first.
type tile struct{ Name, Value, Unit string }

// tiles are the figures by which runs are known: how many, how fast, how late,
// for how much.
func (r *Report) tiles() []tile {
	var all []tile
	add := func(name, value, unit string) {
		if value != none && value != "0" {
			all = append(all, tile{name, value, unit})
		}
	}
	add("connections at most", whole(r.peak()), "")
	p := r.mainPhase()
	if p == nil {
		return all
	}
	e := p.Exchange()
	add(e.plural()+" in "+p.Name, positive(p.Rate()), "/s")
	if name := p.mainLatency(); name != "" {
		h := p.Latencies[name]
		add(name+", median", figure(millis(h.Quantile(0.5))), "ms")
		add(name+", p99", figure(millis(h.Quantile(0.99))), "ms")
	}
	add("server CPU a "+e.Name, figure(p.CPU()), "µs")
	add("server memory a connection", figure(r.Memory(p)), "bytes")
	return all
}

func (e Exchange) plural() string {
	switch e.Name {
	case "delivery":
		return "deliveries"
	case "reply":
		return "replies"
	case "connect + join":
		return "connects + joins"
	}
	return e.Name + "s"
}
