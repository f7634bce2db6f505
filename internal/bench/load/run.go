package load

import (
	"throng/internal/bench/scenario"
)

// run is where a user is in one of its scripts.
type run struct {
	script *script
	heard  *notice // the event that was last waited for
	next   int64   // when the next round is to begin
	at     int64   // when the present step was to begin
	free   int64   // when the last round ended
	random uint64
	begun  int32 // rounds
	step   int16
	waits  int16 // answers that the present step still needs
	state  runState
}

type runState uint8

const (
	between runState = iota // the next round's timer is set, or it waits for the connection
	within                  // a round is under way
	back                    // within a round: waits until the user is back and has joined
	finished
)

// rehearse gives each user its scripts of a phase that begins at a time.
func (w *Worker) rehearse(phase string, at int64) {
	w.runsLeft = 0
	for i := range w.clients {
		c := &w.clients[i]
		c.runs = c.runs[:0]
		for j := range c.pending {
			c.pending[j].run = -1 // who waited for it is no more
		}
		g := &w.groups[c.group]
		for j := range g.scripts {
			s := &g.scripts[j]
			if s.Phase != "" && s.Phase != phase || s.Users > 0 && int(c.user) >= s.Users {
				continue
			}
			players := g.Count
			if s.Users > 0 {
				players = min(players, s.Users)
			}
			r := run{script: s, next: at + w.first(s.Script, int(c.user), players)}
			c.runs = append(c.runs, r)
			w.runsLeft++
			w.arm(c, len(c.runs)-1)
		}
	}
}

// first is how long after the phase's begin a user's first round is due.
func (w *Worker) first(s *scenario.Script, user, players int) int64 {
	switch {
	case s.Every == 0 || s.Jitter == "none":
		return 0
	case s.Jitter == "random":
		return w.exponential(s.Every)
	default:
		return int64(float64(s.Every) * float64(user) / float64(players))
	}
}

func (w *Worker) exponential(mean scenario.Duration) int64 {
	return int64(min(w.random.ExpFloat64(), 20) * float64(mean))
}

// arm sets the timer of the next round.
func (w *Worker) arm(c *client, i int) {
	w.timers.add(timer{at: c.runs[i].next, user: c.index, kind: timerRound, of: uint16(i)})
}

// round begins the round of a script that is due.
func (w *Worker) round(c *client, i int) {
	r := &c.runs[i]
	if r.state != between || r.next > w.now || w.ending {
		return
	}
	s := r.script
	if c.state != online && s.Every == 0 {
		return // resume goes on
	}
	r.at = r.next
	switch {
	case s.Every == 0:
		r.at = w.clock()
	case s.Jitter == "random":
		r.next += w.exponential(s.Every)
	default:
		r.next += int64(s.Every)
	}
	r.begun++
	if c.state != online {
		w.fail("script: the user was not connected when its round was due")
		w.between(c, i)
		return
	}
	r.state, r.step, r.waits, r.random = within, 0, 0, w.random.Uint64()
	w.play(c, i)
}

// between ends a round.
func (w *Worker) between(c *client, i int) {
	r := &c.runs[i]
	r.state, r.free = between, w.clock()
	if s := r.script; s.Times > 0 && int(r.begun) >= s.Times {
		r.state = finished
		w.runsLeft--
		return
	}
	if r.script.Every == 0 {
		r.next = w.now
	}
	w.arm(c, i) // not at once: a round that waits for nothing must not keep others waiting
}

// play does the steps of a round until one has to wait.
func (w *Worker) play(c *client, i int) {
	for {
		r := &c.runs[i]
		if r.state != within || r.waits > 0 {
			return
		}
		if int(r.step) == len(r.script.Steps) || w.ending {
			w.between(c, i)
			return
		}
		step, pattern := &r.script.Steps[r.step], r.script.channel[r.step]
		r.step++
		if step.Do == scenario.Think {
			r.waits = 1
			wait := step.For.Pick(w.random.Float64())
			w.timers.add(timer{at: w.now + int64(wait), user: c.index, gen: uint32(r.begun), kind: timerThink, of: uint16(i)})
			return
		}
		w.do(c, i, step, pattern)
	}
}

// do does a step that is no pause.
func (w *Worker) do(c *client, i int, step *scenario.Step, pattern scenario.Pattern) {
	r := &c.runs[i]
	switch step.Do {
	case scenario.Disconnect:
		w.drop(c)
		c.state = gone
		r.state = between // not one of those that it breaks off
		w.stop(c)
		r.state = within
	case scenario.Connect:
		if c.state == online {
			return
		}
		r.state = back
		if c.state == gone { // or it is on its way already
			w.dial(c, w.now)
		}
	case scenario.Heartbeat:
		if c.state == online {
			r.waits = 1
			w.wire.heartbeat(c, r.at, int16(i))
		}
	default:
		if c.state != online {
			return
		}
		var name [256]byte
		channel := pattern.Append(name[:0], int(c.user), r.random)
		w.wire.do(c, step, channel, i)
	}
}

// late records how far behind its plan the bench sends. That a round could not
// begin because the server still owed the last one an answer is no delay of the
// bench.
func (w *Worker) late(r *run) {
	w.figures.lateness.Record(duration(w.clock() - max(r.at, r.free)))
}

// thought ends a pause, unless its round has ended before.
func (w *Worker) thought(c *client, t timer) {
	if i := int(t.of); i < len(c.runs) && uint32(c.runs[i].begun) == t.gen {
		w.goOn(c, i, t.at)
	}
}

// answered goes on with a script when an answer came. What follows is to be done
// now: a user who waits for the server has no plan that it could be late for.
func (w *Worker) answered(c *client, i int16) { w.goOn(c, int(i), w.clock()) }

// goOn goes on with a script of which something was waited for. What follows was
// to be done at a time.
func (w *Worker) goOn(c *client, i int, at int64) {
	if i < 0 || i >= len(c.runs) {
		return
	}
	r := &c.runs[i]
	if r.state != within || r.waits == 0 {
		return
	}
	w.moved = true
	if r.waits--; r.waits == 0 {
		r.at = at
		w.play(c, i)
	}
}

// resume goes on with scripts that waited for the connection.
func (w *Worker) resume(c *client) {
	for i := range c.runs {
		switch r := &c.runs[i]; {
		case r.state == back:
			r.state, r.at = within, w.clock()
			w.play(c, i)
		case r.state == between && r.script.Every == 0:
			r.next = w.now
			w.arm(c, i)
		}
	}
}

// stop breaks off the rounds of a client that lost its connection.
func (w *Worker) stop(c *client) {
	for i := range c.runs {
		if r := &c.runs[i]; r.state == within {
			w.between(c, i)
		}
	}
}
