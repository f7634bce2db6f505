package presence

import (
	"context"
	"sync"
	"time"
)

// agenda says when rooms have something to tell. All waits of one line are equally
// long, so it is in order; where nothing happens nothing wakes.
type agenda struct {
	mu          sync.Mutex // the innermost lock
	soon, later line
	counts      bool // it is the turn of later, where something is due in both
	wake        chan struct{}
}

type line struct {
	rooms []appointment
	head  int
}

type appointment struct {
	room *room
	at   int64 // Clock milliseconds
}

// soon has a room announce its changes, later a crowd count itself. The caller holds
// the shard's lock.
func (p *Presence) soon(r *room) {
	if !r.soon {
		r.soon = true
		p.appoint(&p.agenda.soon, r, p.opts.Gather)
	}
}

func (p *Presence) later(r *room) {
	if !r.later {
		r.later = true
		p.appoint(&p.agenda.later, r, p.opts.Count)
	}
}

func (p *Presence) appoint(l *line, r *room, wait time.Duration) {
	a := &p.agenda
	at := p.opts.Clock.Now() + wait.Milliseconds()
	a.mu.Lock()
	first := l.head == len(l.rooms)
	l.rooms = append(l.rooms, appointment{r, at})
	a.mu.Unlock()
	if first {
		select {
		case a.wake <- struct{}{}:
		default:
		}
	}
}

// take returns an appointment that is due, or else for how long there is none;
// negative for ever. The lines take turns: where there is more to tell than one
// goroutine can, crowds are counted all the same, and end.
func (a *agenda) take(now int64) (r *room, later bool, wait time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	wait = -1
	lines := [...]*line{&a.soon, &a.later}
	if a.counts {
		lines[0], lines[1] = lines[1], lines[0]
	}
	for _, l := range lines {
		if l.head == len(l.rooms) {
			continue
		}
		left := l.rooms[l.head].at - now
		if left <= 0 {
			a.counts = l == &a.soon
			return l.pop(), l == &a.later, 0
		}
		if d := time.Duration(left) * time.Millisecond; wait < 0 || d < wait {
			wait = d
		}
	}
	return nil, false, wait
}

// pop takes the first one out. What is left moves to the front when more than half
// was taken, so that nothing grows with time.
func (l *line) pop() *room {
	r := l.rooms[l.head].room
	l.rooms[l.head] = appointment{}
	l.head++
	switch left := len(l.rooms) - l.head; {
	case left == 0 && cap(l.rooms) > 1024:
		*l = line{}
	case left == 0:
		*l = line{rooms: l.rooms[:0]}
	case l.head > 1024 && l.head > left:
		*l = line{rooms: append([]appointment(nil), l.rooms[l.head:]...)}
	}
	return r
}

// Run tells what there is to tell until ctx ends.
func (p *Presence) Run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for ctx.Err() == nil {
		r, later, wait := p.agenda.take(p.opts.Clock.Now())
		if r != nil {
			r.keep(later)
			continue
		}
		if wait < 0 {
			wait = time.Hour
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
		case <-p.agenda.wake:
		case <-timer.C:
		}
	}
}

// keep does what a room has in the agenda.
func (r *room) keep(later bool) {
	for more := true; more; {
		var letters []letter
		r.shard.mu.Lock()
		switch {
		case r.gone:
			more = false
		case later:
			r.later, more = false, false
			if r.crowd {
				r.number()
			}
		default:
			r.soon = false
			if !r.crowd {
				r.announce()
			}
			r.renewals()
			letters, more = r.letters()
		}
		r.shard.mu.Unlock()
		r.p.post(letters)
	}
}
