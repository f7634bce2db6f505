package hub_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"

	"throng"
	"throng/internal/hub"
)

func TestInterest(t *testing.T) {
	w := newWorld(t, 2, 1)
	a, b := w.add(0, "c", false), w.add(0, "c", false)
	c := w.add(1, "c", false)
	a.leave()
	b.leave()
	if !slices.Equal(w.interest.log, []string{"+c"}) || w.hub.Channels() != 1 {
		t.Errorf("%v", w.interest.log)
	}
	c.leave()
	w.add(1, "c", false).leave()
	if !slices.Equal(w.interest.log, []string{"+c", "-c", "+c", "-c"}) {
		t.Errorf("%v", w.interest.log)
	}
	w.empty()
}

// asks collects what Ready said.
type asks struct{ said []string }

func (a *asks) ask(h *hub.Hub, channel string) {
	i := len(a.said)
	a.said = append(a.said, "")
	h.Ready(channel, func(err error) { a.said[i] += fmt.Sprint(err) })
}

func TestReady(t *testing.T) {
	w := newWorld(t, 1, 1)
	w.interest.late = true
	var a asks
	a.ask(w.hub, "c")
	m := w.add(0, "c", false)
	a.ask(w.hub, "c")
	a.ask(w.hub, "c")
	w.interest.answer(nil)
	a.ask(w.hub, "c")
	if want := []string{throng.ErrClosed.Error(), "<nil>", "<nil>", "<nil>"}; !slices.Equal(a.said, want) {
		t.Errorf("%q", a.said)
	}
	m.leave()
	w.empty()
}

func TestFailedSubscribeIsTriedAgain(t *testing.T) {
	w := newWorld(t, 1, 1)
	w.interest.late = true
	var a asks
	m := w.add(0, "c", false) // stays, as a session that has not heard yet
	a.ask(w.hub, "c")
	a.ask(w.hub, "c")
	w.interest.answer(errors.New("no"))
	if want := []string{"no", "no"}; !slices.Equal(a.said, want) {
		t.Fatalf("%q", a.said)
	}
	if n := len(w.interest.log); n != 1 {
		t.Fatalf("asked again without need: %q", w.interest.log)
	}
	a.ask(w.hub, "c")
	a.ask(w.hub, "c")
	w.interest.answer(errors.New("still no"))
	a.ask(w.hub, "c")
	w.interest.answer(nil)
	a.ask(w.hub, "c")
	if want := []string{"no", "no", "still no", "still no", "<nil>", "<nil>"}; !slices.Equal(a.said, want) {
		t.Errorf("%q", a.said)
	}
	if want := []string{"+c", "+c", "+c"}; !slices.Equal(w.interest.log, want) {
		t.Errorf("%q", w.interest.log)
	}
	m.leave()
	w.empty()
}

func TestAnswerForAChannelThatLeft(t *testing.T) {
	w := newWorld(t, 1, 1)
	w.interest.late = true
	var a asks
	m := w.add(0, "c", false)
	a.ask(w.hub, "c")
	m.leave()
	m = w.add(0, "c", false)
	a.ask(w.hub, "c")
	w.interest.answer(errors.New("old"))
	if want := []string{"old", ""}; !slices.Equal(a.said, want) {
		t.Fatalf("%q", a.said)
	}
	w.interest.answer(nil)
	if want := []string{"old", "<nil>"}; !slices.Equal(a.said, want) {
		t.Errorf("%q", a.said)
	}
	m.leave()
	w.empty()
}

// Loops of their own come and go in the same channels while others publish.
func TestConcurrentLoops(t *testing.T) {
	const loops, steps = 8, 2000
	w := newWorld(t, loops, 3, func(o *hubOptions) { o.BacklogBytes = 100_000 })
	channels := []string{"a", "b", "c"}
	stop := make(chan struct{})
	var publishers, all sync.WaitGroup
	for _, channel := range channels {
		publishers.Go(func() {
			for offset := uint64(1); ; offset++ {
				select {
				case <-stop:
					return
				default:
					if w.hub.Busy(channel) {
						runtime.Gosched()
						continue
					}
					w.hub.Deliver(channel, &throng.Publication{Offset: offset, Data: []byte("x")})
				}
			}
		})
	}
	for loop := range loops {
		all.Go(func() {
			r := rand.New(rand.NewPCG(uint64(loop), 2))
			var here []*member
			for range steps {
				switch k := r.IntN(4); {
				case k == 0 && len(here) < 20:
					m := w.add(loop, channels[r.IntN(3)], false)
					here = append(here, m)
				case k == 1 && len(here) > 0:
					i := r.IntN(len(here))
					here[i].leave()
					here = slices.Delete(here, i, i+1)
				default:
					w.boxes[loop].run(loop, 10)
					w.hub.Table(loop).Turn()
				}
			}
			for _, m := range here {
				m.leave()
			}
		})
	}
	all.Wait()
	close(stop)
	publishers.Wait()
	w.settle()
	w.empty()
}

// Every loop wants the same frames at the same time.
func TestEncodedOncePerEncoding(t *testing.T) {
	const loops, pubs = 8, 200
	w := newWorld(t, loops, 1000)
	members := make([][]*member, loops)
	for loop := range loops {
		for e := range 2 {
			m := &member{table: w.hub.Table(loop), channel: "c"}
			m.table.Add("c", m, hub.Encoding(e), false)
			members[loop] = append(members[loop], m)
		}
	}
	var all sync.WaitGroup
	for loop := range loops {
		all.Go(func() {
			for len(members[loop][0].got) < pubs {
				w.boxes[loop].run(loop, 1)
				w.hub.Table(loop).Turn()
			}
		})
	}
	for range pubs {
		w.publish("c", "x")
	}
	all.Wait()
	for i, e := range w.encoders {
		if len(e.count) != pubs {
			t.Errorf("encoder %d was given %d publications", i, len(e.count))
		}
		for p, n := range e.count {
			if n != 1 {
				t.Errorf("encoder %d wrote %d %d times", i, p.Offset, n)
			}
		}
	}
}
