package load

import (
	"math"

	"throng/internal/bench/scenario"
)

// flock is users who come one after the other.
type flock struct {
	members  []int32 // in the order of their numbers
	next     int
	inFlight int // on their way
	arrivals []scenario.Arrival
	bounds   []int // of each arrival: the first user's number that is not in it
	now      int   // which arrival
	began    int64 // when it did
	before   int   // members that came with earlier arrivals
}

// flocks are the users of all groups on this worker.
func (w *Worker) flocks() []*flock {
	all := make([]*flock, len(w.groups))
	for i, g := range w.groups {
		f := &flock{arrivals: g.Arrive}
		bound := 0
		for _, a := range g.Arrive {
			bound += a.Users
			if a.Users == 0 {
				bound = math.MaxInt
			}
			f.bounds = append(f.bounds, bound)
		}
		f.bounds[len(f.bounds)-1] = math.MaxInt
		all[i] = f
	}
	for i := range w.clients {
		c := &w.clients[i]
		f := all[c.group]
		f.members = append(f.members, c.index)
	}
	return all
}

// begin starts an arrival at a time.
func (f *flock) begin(arrival int, at int64) {
	f.now, f.before = arrival, f.next
	f.began = at + int64(f.arrivals[arrival].Pause)
}

// advance lets come whoever may now.
func (w *Worker) advance(f *flock) {
	for f.next < len(f.members) {
		c := &w.clients[f.members[f.next]]
		a := &f.arrivals[f.now]
		if int(c.user) >= f.bounds[f.now] {
			if f.inFlight > 0 && a.Rate == 0 {
				return
			}
			f.begin(f.now+1, f.due(w))
			continue
		}
		began := f.due(w)
		if a.Rate == 0 && f.inFlight >= max(1, a.InFlight/w.plan.Agents) {
			return
		}
		if began > w.now || f.began > w.now {
			return
		}
		f.next++
		f.inFlight++
		c.flock = f
		w.dial(c, began)
	}
}

// due returns when the next one is to come: by the rate, or now.
func (f *flock) due(w *Worker) int64 {
	a := &f.arrivals[f.now]
	if a.Rate == 0 {
		return w.now
	}
	return f.began + int64(float64(f.next-f.before)*1e9*float64(w.plan.Agents)/a.Rate)
}

// scheduled reports whether somebody is to come later by the timetable.
func (f *flock) scheduled(now int64) bool {
	return f.next < len(f.members) && (f.began > now || f.arrivals[f.now].Rate > 0)
}

// settled says that a user who was on its way has arrived, or never will.
func (w *Worker) settled(c *client) {
	if c.flock != nil {
		c.flock.inFlight--
		c.flock = nil
	}
}

// arrived reports whether nobody is on the way.
func (w *Worker) arrived() bool {
	for _, f := range w.coming {
		if f.next < len(f.members) || f.inFlight > 0 {
			return false
		}
	}
	return true
}

// cutAll cuts all connections at once and lets them come back: so many at a time,
// or each by its own timetable.
func (w *Worker) cutAll(inFlight int) {
	f := &flock{arrivals: []scenario.Arrival{{InFlight: inFlight}}, bounds: []int{math.MaxInt}}
	for i := range w.clients {
		c := &w.clients[i]
		if c.state != online && c.state != entering {
			continue
		}
		c.cut = w.now
		w.drop(c)
		w.stop(c)
		if inFlight > 0 {
			c.state = offline
			f.members = append(f.members, c.index)
			continue
		}
		c.flock = f
		f.inFlight++
		w.lost(c)
	}
	w.coming = []*flock{f}
	f.begin(0, w.now)
}
