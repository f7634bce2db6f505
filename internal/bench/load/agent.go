package load

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"throng/internal/bench/report"
	"throng/internal/bench/scenario"
	"throng/internal/bench/usage"
)

// agent obeys orders.
type agent struct {
	w      *Worker
	orders chan Order // closed when nobody leads any more
	notes  chan Note
	start  *Start
	phase  scenario.Phase
	told   bool // that its part of the phase is done
	second int  // the next to be told
	last   time.Time
}

// Serve makes load as it is told until the orders end. It returns an error if it
// could not do what it was told.
func Serve(in io.Reader, out io.Writer) error {
	a := &agent{orders: make(chan Order, 16), notes: make(chan Note, 64)}
	wrote := make(chan error, 1)
	go a.read(in)
	go func() { wrote <- a.write(out) }()
	err := a.obey()
	if err != nil {
		a.notes <- Note{Error: err.Error()}
	}
	close(a.notes)
	return errors.Join(err, <-wrote)
}

func (a *agent) read(in io.Reader) {
	defer close(a.orders)
	d := json.NewDecoder(bufio.NewReader(in))
	for {
		var o Order
		if d.Decode(&o) != nil {
			return
		}
		a.orders <- o
		if o.Stop {
			return
		}
	}
}

// write writes notes. When nobody takes them it goes on as if, so that the worker
// is not held up and finds the end of its orders.
func (a *agent) write(out io.Writer) error {
	b := bufio.NewWriter(out)
	e := json.NewEncoder(b)
	var failed error
	for n := range a.notes {
		if failed != nil {
			continue
		}
		if failed = e.Encode(n); failed == nil && len(a.notes) == 0 {
			failed = b.Flush()
		}
	}
	return failed
}

func (a *agent) obey() error {
	defer func() {
		if a.w != nil {
			a.w.Close()
		}
	}()
	for {
		order, more, waited := a.next()
		switch {
		case !waited:
			if err := a.work(); err != nil {
				return err
			}
			continue
		case !more, order.Stop:
			return nil
		}
		if err := a.do(order); err != nil {
			return err
		}
	}
}

// next returns an order. While there are clients it does not wait for one.
func (a *agent) next() (o Order, more, ok bool) {
	if a.w == nil {
		o, more = <-a.orders
		return o, more, true
	}
	select {
	case o, more = <-a.orders:
		return o, more, true
	default:
		return o, true, false
	}
}

func (a *agent) do(o Order) (err error) {
	switch {
	case o.Clock:
		a.notes <- Note{Clock: time.Now().UnixNano()}
	case o.Plan != nil:
		if a.w != nil {
			return errors.New("a second plan")
		}
		if err := o.Plan.check(); err != nil {
			return err
		}
		if a.w, err = NewWorker(*o.Plan); err != nil {
			return err
		}
		used := usage.Self()
		a.notes <- Note{Ready: &used}
	case a.w == nil:
		return errors.New("an order before the plan")
	case o.Start != nil:
		if p := o.Start.Phase; p < 0 || p >= len(a.w.plan.Scenario.Phases) {
			return fmt.Errorf("there is no phase %d", p)
		}
		a.start, a.phase, a.told = o.Start, a.w.plan.Scenario.Phases[o.Start.Phase], false
		if a.last.IsZero() {
			a.last = time.Now()
		}
		a.w.now = a.w.clock()
		a.w.begin(a.phase, o.Start.At)
	case o.Tally:
		a.notes <- Note{Tally: a.w.tally()}
	case o.Collect:
		a.notes <- Note{Part: a.w.part()}
	}
	return nil
}

// work lets the clients do what is due.
func (a *agent) work() error {
	if err := a.w.turn(maxWait); err != nil {
		return err
	}
	if a.start == nil {
		return nil
	}
	// Each second is told, also when one turn took several: the leader puts together
	// those of all members.
	for second := int((a.w.now - a.start.Run) / int64(time.Second)); second > a.second; {
		a.second++
		a.notes <- Note{Sample: a.sample(a.second)}
	}
	if !a.told && a.w.done(a.phase, a.start.At) {
		a.told = true
		a.notes <- Note{Done: a.start.Phase + 1}
	}
	return nil
}

func (a *agent) sample(second int) *Sample {
	now := time.Now()
	w := a.w
	s := &Sample{
		Second: second, Open: w.open, Joined: w.joined, Lasts: w.lasts, Usage: usage.Self(),
		Busy:  min(1, float64(w.busy)/float64(max(now.Sub(a.last), time.Millisecond))),
		Moved: w.moved || w.scheduled(),
	}
	a.last, w.busy, w.lasts, w.moved = now, 0, nil, false
	s.Counts, s.Main = w.endSecond()
	s.Counts.Add(w.carried)
	w.carried = report.Counts{}
	return s
}

// endSecond moves what was counted in a second to the phase and returns it.
func (w *Worker) endSecond() (c report.Counts, main *report.Histogram) {
	c = w.counts
	w.total.Add(c)
	w.counts = report.Counts{}
	if h := w.second.main(); h != nil {
		main = report.NewHistogram()
		main.Merge(h)
	}
	if w.second.answer.Count() > 0 {
		w.second.answer.Reset()
	}
	for to, from := range map[*report.Histogram]*report.Histogram{w.figures.delivery: w.second.delivery, w.figures.reply: w.second.reply} {
		if from.Count() > 0 {
			to.Merge(from)
			from.Reset()
		}
	}
	return c, main
}

func (w *Worker) tally() *Tally {
	t := &Tally{Received: w.total.Received + w.counts.Received, Checks: w.checks}
	if !w.static {
		return t
	}
	t.Channels = make(map[string]Deliveries, len(w.places))
	for key, ch := range w.places {
		if ch.sent > 0 || ch.received > 0 || ch.subs > 0 {
			t.Channels[key] = Deliveries{int64(ch.subs), ch.sent, ch.received}
		}
	}
	return t
}

// part ends a phase and returns its figures. What has happened in the second that
// is not over yet is in them, and will be in its sample too.
func (w *Worker) part() *Part {
	w.carried.Add(w.counts)
	w.endSecond()
	p := &Part{
		End: w.last, Counts: w.total, Latencies: w.figures.latencies(), Lasts: w.lasts,
		Checks: w.checks, Failures: w.failures, Usage: usage.Self(), Answers: map[string]Answers{},
	}
	for _, h := range w.events() {
		h.add(p)
		h.forget()
	}
	// All anew: what is told is read while the clients go on.
	w.checks, w.failures, w.lasts, w.figures = report.Checks{}, map[string]int64{}, nil, newFigures()
	for i := range w.clients {
		if s := w.clients[i].state; s != online {
			p.Away++
		}
	}
	return p
}
