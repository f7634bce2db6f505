package events

import "throng"

// recent are the events of publications that were last sent from the history on a
// loop. A crowd that comes back gets the same ones: each is encoded for the first.
type recent [recentEvents]struct {
	p     *throng.Publication
	event []byte
}

// What a loop keeps, at the most: so many events, none of them larger.
const (
	recentEvents   = 512
	maxRecentEvent = 2 << 10
)

// event returns the event of a publication, which is its channel's only.
func (r *recent) event(channel string, p *throng.Publication) []byte {
	at := &r[p.Offset%recentEvents]
	if at.p == p {
		return at.event
	}
	event := encoder{}.Encode(nil, channel, p)
	if len(event) <= maxRecentEvent {
		at.p, at.event = p, event
	}
	return event
}
