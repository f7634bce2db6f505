package events

import "throng"

// Place is where a channel stands.
type Place struct {
	Channel string
	At      throng.Position
}

// ID makes the id of a stream.
func ID(list ...Place) string {
	var p places
	for _, one := range list {
		p = append(p, place{hash(one.Channel), one.At})
	}
	return p.String()
}

// Find returns where an id says that a channel stands; nil for nowhere, and
// whether it is an id at all.
func Find(id, channel string) (*throng.Position, bool) {
	p, ok := parseID(id)
	return p.find(channel), ok
}

// Again reads an id and writes it.
func Again(id string) (string, bool) {
	p, ok := parseID(id)
	return p.String(), ok
}

// Farewell is the end of a stream.
func Farewell(d *throng.Disconnect) string { return string(farewell(nil, d)) }

// Recent are a loop's recent events.
type Recent struct{ r recent }

// Event is recent.event.
func (r *Recent) Event(channel string, p *throng.Publication) []byte { return r.r.event(channel, p) }
