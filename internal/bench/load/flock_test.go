package load

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"throng/internal/bench/scenario"
)

// coming runs the arrival of users by some arrivals and returns how long after the
// beginning each came.
func coming(t *testing.T, count int, arrivals string, more func(*fake)) (came []time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w, f := pretend(t, fmt.Sprintf("[[users]]\ncount = %d\njoin = [\"c\"]\n%s\n[[phase]]\ndo = \"arrive\"\n", count, arrivals))
		if more != nil {
			more(f)
		}
		began := w.clock()
		if !f.perform(t, 0, time.Hour) {
			t.Fatalf("not all came: %d of %d", len(f.dials), count)
		}
		for i, d := range f.dials {
			if d.user != int32(i) {
				t.Fatalf("number %d was user %d", i, d.user)
			}
			came = append(came, d.at-time.Duration(began))
		}
		if w.joined != int64(count) {
			t.Errorf("%d joined", w.joined)
		}
	})
	return came
}

// near reports whether somebody came when it should, or within a turn.
func near(got, want time.Duration) bool { return got >= want && got <= want+maxWait }

func TestArrivalByRate(t *testing.T) {
	t.Parallel()
	for i, at := range coming(t, 50, "[[users.arrive]]\nrate = 20.0\npause = \"1s\"", nil) {
		if want := time.Second + time.Duration(i)*50*time.Millisecond; !near(at, want) {
			t.Errorf("user %d came after %v, want %v", i, at, want)
		}
	}
}

// A slow server does not slow down who comes by a rate, and when they were to come
// is what their latency counts from.
func TestRateDoesNotWaitForTheServer(t *testing.T) {
	t.Parallel()
	came := coming(t, 30, "[[users.arrive]]\nrate = 100.0\nin_flight = 1", func(f *fake) { f.delay = time.Second })
	if last := came[len(came)-1]; !near(last, 290*time.Millisecond) {
		t.Errorf("the last one came after %v", last)
	}
}

func TestArrivalInFlight(t *testing.T) {
	t.Parallel()
	// Each takes three answers: connected, upgraded, joined.
	const delay, bound = 100 * time.Millisecond, 4
	came := coming(t, 20, "[[users.arrive]]\nin_flight = 4", func(f *fake) { f.delay = delay })
	for i := bound; i < len(came); i++ {
		if wait := came[i] - came[i-bound]; wait < 3*delay {
			t.Errorf("user %d came %v after user %d", i, wait, i-bound)
		}
	}
	if last := came[len(came)-1]; last > 4*3*delay+200*time.Millisecond {
		t.Errorf("the last one came after %v", last)
	}
}

// The first arrivals' users come first, then the next ones' at their own rate; the
// rest comes with the last.
func TestArrivalsOneAfterTheOther(t *testing.T) {
	t.Parallel()
	came := coming(t, 30, `
[[users.arrive]]
users = 10
rate = 10.0
[[users.arrive]]
users = 10
rate = 100.0
[[users.arrive]]
pause = "5s"
users = 2
`, nil)
	for i, want := range []time.Duration{0: 0, 9: 900 * time.Millisecond, 10: time.Second, 19: 1090 * time.Millisecond, 20: 6100 * time.Millisecond, 29: 6100 * time.Millisecond} {
		if (want > 0 || i == 0) && !near(came[i], want) {
			t.Errorf("user %d came after %v, want %v", i, came[i], want)
		}
	}
}

// Who can't get in keeps its place on the way until it gives up.
func TestWhoGivesUpIsNotOnItsWay(t *testing.T) {
	t.Parallel()
	for reconnect, ends := range map[string]bool{"never": true, "phoenix": false} {
		synctest.Test(t, func(t *testing.T) {
			w, f := pretend(t, "reconnect = \""+reconnect+"\"\n[[users]]\ncount = 10\njoin = [\"c\"]\n[[users.arrive]]\nin_flight = 2\n[[phase]]\ndo = \"arrive\"\n")
			f.refuse = func(*client) error { return errors.New("refused") }
			if got := f.perform(t, 0, time.Minute); got != ends {
				t.Errorf("%s: done: %v", reconnect, got)
			}
			for _, flock := range w.coming {
				if want := map[bool]int{true: 0, false: 2}[ends]; flock.inFlight != want {
					t.Errorf("%s: %d are on their way", reconnect, flock.inFlight)
				}
			}
			// Tries again are nothing that goes on; that somebody gets in is.
			if w.moved || w.scheduled() {
				t.Errorf("%s: nobody gets in, and something goes on", reconnect)
			}
		})
	}
}

// What is to come later by the timetable is not taken for the end.
func TestScheduledArrivals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, f := pretend(t, "[[users]]\ncount = 2\n[[users.arrive]]\npause = \"1m\"\n[[phase]]\ndo = \"arrive\"\n")
		if f.perform(t, 0, 30*time.Second) || len(f.dials) > 0 {
			t.Error("they came too early")
		}
		if !w.scheduled() {
			t.Error("nobody is expected")
		}
	})
}

// Several workers share users, and let them come as one would.
func TestArrivalsOfSeveralWorkers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, err := scenario.Builtin("connect", scenario.Options{Targets: []string{"ws://127.0.0.1:9"}, Users: 100, Arrival: 50})
		if err != nil {
			t.Fatal(err)
		}
		users := map[uint32]bool{}
		for agent := range 3 {
			w, f := enlist(t, Plan{Scenario: s, Agent: agent, Agents: 3})
			began := w.clock()
			f.perform(t, 0, time.Minute)
			if took := time.Duration(w.clock() - began); took < 1900*time.Millisecond || took > 2100*time.Millisecond {
				t.Errorf("worker %d took %v", agent, took)
			}
			for i := range w.clients {
				c := &w.clients[i]
				if n := w.number(c); n != uint32(c.user) || users[n] {
					t.Errorf("user %d has the number %d", c.user, n)
				}
				users[w.number(c)] = true
			}
		}
		if len(users) != 100 {
			t.Errorf("%d users", len(users))
		}
	})
}

// A cut ends all connections; they come back by their own timetable, or so many at
// a time, and each has its comeback measured once.
func TestCut(t *testing.T) {
	t.Parallel()
	for name, phase := range map[string]string{"by timetable": "", "in flight": "in_flight = 3\n"} {
		synctest.Test(t, func(t *testing.T) {
			w, f := pretend(t, "[[users]]\ncount = 10\njoin = [\"c\"]\n[[phase]]\ndo = \"arrive\"\n[[phase]]\ndo = \"cut\"\n"+phase)
			if !f.perform(t, 0, time.Minute) || w.joined != 10 {
				t.Fatalf("%d came", w.joined)
			}
			f.dials = nil
			if !f.perform(t, 1, time.Minute) || w.joined != 10 || w.open != 10 {
				t.Errorf("%s: %d came back, %d are open", name, w.joined, w.open)
			}
			if n := w.figures.comeback.Count(); n != 10 || len(f.dials) != 10 || w.counts.Closed != 10 {
				t.Errorf("%s: %d comebacks, %d dials, %d closed", name, n, len(f.dials), w.counts.Closed)
			}
			if ch := w.channel(0, []byte("c")); ch.subs != 10 {
				t.Errorf("%s: %d subscribers", name, ch.subs)
			}
		})
	}
}
