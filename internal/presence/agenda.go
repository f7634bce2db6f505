package presence

import (
	"context"
	"sync"
	"time"
)

// agenda says when rooms have something to tell. All waits of one line are equally
// long, so it is in order; where nothing happens nothing wakes.
type agenda struct {
	mu    sync.Mutex // the innermost lock
	lines [lines]line
	turn  int // the line that goes first where something is due in several
	wake  chan struct{}
}

// The lines: rooms with changes to announce, crowds to count, and rooms that have more
// letters than one piece.
const (
	soon = iota
	later
	rest
	lines
)

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
		p.appoint(soon, r, p.opts.Gather)
	}
}

func (p *Presence) later(r *room) {
	if !r.later {
		r.later = true
		p.appoint(later, r, p.opts.Count)
	}
}

func (p *Presence) rest(r *room) {
	if !r.rest {
		r.rest = true
		p.appoint(rest, r, 0)
	}
}

func (p *Presence) appoint(which int, r *room, wait time.Duration) {
	a := &p.agenda
	l := &a.lines[which]
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

// take returns an appointment that is due and the line it stood in, or else for how long
// there is none; negative for ever. The lines take turns: where there is more to tell
// than one goroutine can, crowds are counted all the same, and end.
func (a *agenda) take(now int64) (r *room, which int, wait time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	wait = -1
	for n := range lines {
		which = (a.turn + n) % lines
		l := &a.lines[which]
		if l.head == len(l.rooms) {
			continue
		}
		left := l.rooms[l.head].at - now
		if left <= 0 {
			a.turn = (which + 1) % lines
			return l.pop(), which, 0
		}
		if d := time.Duration(left) * time.Millisecond; wait < 0 || d < wait {
			wait = d
		}
	}
	return nil, 0, wait
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
		r, which, wait := p.agenda.take(p.opts.Clock.Now())
		if r != nil {
			r.keep(which)
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

// keep does what a room has in the agenda. What is more than one piece waits its turn.
func (r *room) keep(which int) {
	var letters []letter
	r.shard.mu.Lock()
	switch {
	case r.gone:
	case which == later:
		r.later = false
		if r.crowd {
			r.number()
		}
	default:
		if which == soon {
			r.soon = false
			if !r.crowd {
				r.announce()
			}
			r.renewals()
		} else {
			r.rest = false
		}
		var more bool
		if letters, more = r.letters(); more {
			r.p.rest(r)
		}
	}
	r.shard.mu.Unlock()
	r.p.post(letters)
}
