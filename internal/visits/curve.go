package visits

import (
	"cmp"
	"slices"

	"throng"
)

// maxCurves is how many channels get a point at a time, the largest ones: a point
// is a row each.
const maxCurves = 1000

// point makes the points of the curve that are due, for the next beat.
func (l *Ledger) point() {
	now := l.clock.Now()
	if l.opts.Occupancy < 0 || now < l.curveDue {
		return
	}
	l.curveDue = now + l.opts.Occupancy.Milliseconds()
	at := l.frame.Load().at(now)
	whole := throng.Occupancy{At: at}
	channels := make(map[string]*throng.Occupancy)
	for i := range l.shards {
		s := &l.shards[i]
		s.mu.Lock()
		whole.Users += int64(s.here)
		for _, e := range s.users {
			whole.Connections += int64(e.clients)
		}
		for _, e := range s.places {
			if e.place.kind != throng.Connected || e.clients == 0 {
				continue
			}
			o := channels[e.place.channel]
			if o == nil {
				o = &throng.Occupancy{At: at, Channel: e.place.channel}
				channels[e.place.channel] = o
			}
			o.Users++
			o.Connections += int64(e.clients)
		}
		s.mu.Unlock()
	}
	if l.opts.Connections != nil {
		whole.Connections = int64(l.opts.Connections())
	}
	l.points = append(l.points, whole)
	largest := make([]throng.Occupancy, 0, len(channels))
	for _, o := range channels {
		largest = append(largest, *o)
	}
	slices.SortFunc(largest, func(a, b throng.Occupancy) int {
		return cmp.Or(cmp.Compare(b.Users, a.Users), cmp.Compare(a.Channel, b.Channel))
	})
	l.points = append(l.points, largest[:min(len(largest), maxCurves)]...)
}
