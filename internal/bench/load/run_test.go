package load

import (
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"throng/internal/bench/report"
	"throng/internal/protocol/phoenix"
)

// rehearsal is a scenario of one group whose users are there, with a script.
func rehearsal(t *testing.T, users, script, phase string) (*Worker, *fake) {
	t.Helper()
	w, f := pretend(t, users+script+"[[phase]]\ndo = \"arrive\"\n[[phase]]\ndo = \"act\"\n"+phase)
	if !f.perform(t, 0, time.Minute) {
		t.Fatal("they did not come")
	}
	w.part()
	f.heard, f.dials = nil, nil
	return w, f
}

const (
	four = "heartbeat = \"off\"\n[[users]]\ncount = 4\njoin = [\"c\"]\n"
	one  = "heartbeat = \"off\"\n[[users]]\ncount = 1\njoin = [\"c\"]\n"
	send = "[[users.script.step]]\ndo = \"send\"\nchannel = \"c\"\n"
)

// offsets returns how long after the first one each message was to be sent.
func offsets(all []heard, from int64) (at []time.Duration) {
	for _, h := range all {
		at = append(at, time.Duration(h.mark.at-from))
	}
	return at
}

func TestJitter(t *testing.T) {
	t.Parallel()
	for jitter, first := range map[string]time.Duration{"even": 250 * time.Millisecond, "none": 0} {
		synctest.Test(t, func(t *testing.T) {
			w, f := rehearsal(t, four, "[[users.script]]\nevery = \"1s\"\ntimes = 3\njitter = \""+jitter+"\"\n"+send, "")
			began := w.clock()
			if !f.perform(t, 1, time.Minute) {
				t.Fatal("it does not end")
			}
			for user := range int32(4) {
				for round, at := range offsets(f.said(user, event), began) {
					if want := time.Duration(user)*first + time.Duration(round)*time.Second; at != want {
						t.Errorf("%s: user %d, round %d: %v, want %v", jitter, user, round, at, want)
					}
				}
				if n := len(f.said(user, event)); n != 3 {
					t.Errorf("%s: user %d sent %d", jitter, user, n)
				}
			}
		})
	}
}

// Random pauses have the mean that they should, and differ.
func TestRandomPauses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, f := rehearsal(t, one, "[[users.script]]\nevery = \"1s\"\ntimes = 1000\njitter = \"random\"\n"+send, "")
		began := w.clock()
		f.perform(t, 1, time.Hour)
		at := offsets(f.said(0, event), began)
		if len(at) != 1000 {
			t.Fatalf("%d messages", len(at))
		}
		if mean := at[999] / 1000; mean < 850*time.Millisecond || mean > 1150*time.Millisecond {
			t.Errorf("%v between two on average", mean)
		}
		if first, second := at[1]-at[0], at[2]-at[1]; first == second {
			t.Error("all pauses are the same")
		}
	})
}

// Only the first so many users of a group follow a script, in the phase that it
// is for.
func TestWhoseScript(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, f := rehearsal(t, four,
			"[[users.script]]\nusers = 2\ntimes = 1\n"+send+"[[users.script]]\nphase = \"other\"\ntimes = 1\n[[users.script.step]]\ndo = \"heartbeat\"\n",
			"[[phase]]\nname = \"other\"\ndo = \"act\"\n")
		f.perform(t, 1, time.Minute)
		if len(f.said(0, event)) != 1 || len(f.said(1, event)) != 1 || len(f.heard) != 2 {
			t.Errorf("%+v", f.heard)
		}
		f.heard = nil
		f.perform(t, 2, time.Minute)
		if len(f.said(3, "heartbeat")) != 1 || len(f.heard) != 4+2 {
			t.Errorf("%+v", f.heard)
		}
	})
}

// A server that holds up a round does not move the plan: what is overdue begins at
// once, and counts from when it was to begin.
func TestOpenLoop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, f := rehearsal(t, one, "[[users.script]]\nevery = \"100ms\"\ntimes = 20\n"+send, "")
		f.delay = time.Second
		began := w.clock()
		if !f.perform(t, 1, time.Minute) {
			t.Fatal("it does not end")
		}
		all := f.said(0, event)
		for round, at := range offsets(all, began) {
			if want := time.Duration(round) * 100 * time.Millisecond; at != want {
				t.Errorf("round %d was to begin after %v, want %v", round, at, want)
			}
			if sent := time.Duration(all[round].at - began); !near(sent, time.Duration(round)*time.Second) && sent > time.Duration(round)*(time.Second+maxWait) {
				t.Errorf("round %d was sent after %v", round, sent)
			}
		}
		// 19 rounds later the last one was 17.1 s overdue, and took another second.
		if most := w.second.reply.Max(); most < 18*time.Second {
			t.Errorf("the slowest reply took %v", most)
		}
		// But it was the server's fault, not the bench's.
		if late := w.figures.lateness.Max(); late > maxWait {
			t.Errorf("the bench was %v late", late)
		}
		if len(w.failures) > 0 {
			t.Errorf("%v", w.failures)
		}
	})
}

// Without a pace the next round begins when the last one ended.
func TestClosedLoop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, f := rehearsal(t, one, "[[users.script]]\n"+send, "for = \"10s\"\n")
		f.delay = time.Second
		if !f.perform(t, 1, time.Minute) {
			t.Fatal("it does not end")
		}
		if n := len(f.said(0, event)); n < 9 || n > 11 {
			t.Errorf("%d rounds of a second in 10 s", n)
		}
		if most := w.second.reply.Max(); most > 1100*time.Millisecond {
			t.Errorf("the slowest reply took %v", most)
		}
	})
}

// A round that waits for nothing lets others run.
func TestRoundsThatWaitForNothing(t *testing.T) {
	t.Parallel()
	w, f := rehearsal(t, one, "[[users.script]]\nevery = \"1ns\"\ntimes = 2000000000\n"+send+"no_wait = true\n", "for = \"300ms\"\n")
	f.answer = func(*client, *phoenix.Message) string { f.heard = nil; return "" }
	w.plan.Scenario.Patience = 1e8
	if !f.perform(t, 1, 30*time.Second) {
		t.Error("it does not end")
	}
}

func TestThink(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, f := rehearsal(t, one, "[[users.script]]\ntimes = 1\n"+send+"[[users.script.step]]\ndo = \"think\"\nfor = \"3s\"\n"+send, "")
		began := w.clock()
		if f.perform(t, 1, time.Second); !w.scheduled() {
			t.Error("a pause is taken for the end")
		}
		w.begin(w.plan.Scenario.Phases[1], began)
		f.heard = nil
		began = w.clock()
		f.perform(t, 1, time.Minute)
		at := offsets(f.said(0, event), began)
		if len(at) != 2 || !near(at[1]-at[0], 3*time.Second) {
			t.Errorf("%v", at)
		}
	})
}

func TestBurst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, f := rehearsal(t, one, "[[users.script]]\ntimes = 2\n"+send+"burst = 5\n", "")
		f.perform(t, 1, time.Minute)
		all := f.said(0, event)
		if len(all) != 10 || w.counts.Sent != 10 || w.counts.Replies != 10 || w.counts.Received != 10 {
			t.Fatalf("%d, %+v", len(all), w.counts)
		}
		for i, h := range all {
			if h.mark.seq != uint32(i+1) || h.mark.at != all[i/5*5].mark.at {
				t.Errorf("message %d: %+v", i, h.mark)
			}
		}
	})
}

// Who leaves does not get what is sent meanwhile, and that is no gap.
func TestComingAndGoing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		visit := `
[[users.script]]
times = 5
every = "10s"
[[users.script.step]]
do = "join"
channel = "d"
[[users.script.step]]
do = "join"
channel = "d"
[[users.script.step]]
do = "think"
for = "1s..9s"
[[users.script.step]]
do = "send"
channel = "d"
[[users.script.step]]
do = "leave"
channel = "d"
[[users.script.step]]
do = "disconnect"
[[users.script.step]]
do = "think"
for = "1s"
[[users.script.step]]
do = "connect"
[[users.script.step]]
do = "leave"
channel = "d"
`
		w, f := rehearsal(t, four, visit, "")
		if !f.perform(t, 1, 10*time.Minute) {
			t.Fatal("it does not end")
		}
		if w.checks.Bad() > 0 || len(w.failures) > 0 {
			t.Errorf("%+v %v", w.checks, w.failures)
		}
		if len(f.dials) != 20 || w.counts.Sent != 20 || w.counts.Leaves != 20 || w.joined != 4 || w.open != 4 {
			t.Errorf("%d dials, %+v, %d joined, %d open", len(f.dials), w.counts, w.joined, w.open)
		}
		// A second join of a channel that is joined is none.
		if ch := w.channel(0, []byte("d")); ch.subs != 0 || w.counts.Joins != 20+20 {
			t.Errorf("%d subscribers are left, %d joins", ch.subs, w.counts.Joins)
		}
	})
}

// A script that disconnects does not leave another one of the user waiting.
func TestTwoScriptsOfOneUser(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		away := "[[users.script]]\ntimes = 3\nevery = \"10s\"\n[[users.script.step]]\ndo = \"disconnect\"\n" +
			"[[users.script.step]]\ndo = \"think\"\nfor = \"2s\"\n[[users.script.step]]\ndo = \"connect\"\n"
		think := "[[users.script.step]]\ndo = \"think\"\nfor = \"500ms\"\n"
		w, f := rehearsal(t, one, "[[users.script]]\ntimes = 10\n"+think+send+think+away+away, "")
		f.delay = 100 * time.Millisecond
		if !f.perform(t, 1, 10*time.Minute) {
			t.Error("it does not end")
		}
		if w.open != 1 || len(f.open) != 1 {
			t.Errorf("%d open, and %d in truth", w.open, len(f.open))
		}
	})
}

// What happens to a user whose connection is lost in the middle of a round.
func TestLostInARound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, f := rehearsal(t, one, "[[users.script]]\ntimes = 3\nevery = \"1s\"\n"+send, "")
		f.answer = func(c *client, m *phoenix.Message) string {
			if string(m.Event) == event && len(f.said(0, event)) == 2 {
				f.later(c, func() { f.cut(c) })
				return ""
			}
			return "ok"
		}
		if !f.perform(t, 1, time.Minute) {
			t.Error("it does not end")
		}
		if w.waiting != 0 || w.joined != 1 || w.failures[errCut.Error()] != 1 || w.counts.Replies != 2 {
			t.Errorf("%d waiting, %d joined, %v, %+v", w.waiting, w.joined, w.failures, w.counts)
		}
		if n := w.figures.comeback.Count(); n != 1 {
			t.Errorf("%d comebacks", n)
		}
	})
}

// A refused message has no place in the channel, so its number is used again.
func TestRefusedMessageIsNoGap(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, f := rehearsal(t, four, "[[users.script]]\ntimes = 10\n"+send, "")
		n := 0
		f.answer = func(_ *client, m *phoenix.Message) string {
			if n++; string(m.Event) == event && n%3 == 0 {
				return "error"
			}
			return "ok"
		}
		f.perform(t, 1, time.Minute)
		if w.checks.Bad() > 0 {
			t.Errorf("%+v", w.checks)
		}
		refused := w.failures[`message refused: "x"`]
		if refused == 0 || w.counts.Replies != 40-refused || w.counts.Received != 4*w.counts.Replies {
			t.Errorf("%v, %+v", w.failures, w.counts)
		}
	})
}

// Who waits for nothing in vain goes on after a while; a late answer to a message
// that was sent late is not unanswered.
func TestPatience(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, f := rehearsal(t, "patience = \"5s\"\n"+one, "[[users.script]]\ntimes = 1\n"+send+"burst = 100\n", "")
		f.answer = func(*client, *phoenix.Message) string { return "" }
		began := w.clock()
		if !f.perform(t, 1, time.Minute) {
			t.Fatal("it does not end")
		}
		if took := time.Duration(w.clock() - began); took < 5*time.Second || took > 7*time.Second {
			t.Errorf("it waited for %v", took)
		}
		if n := w.failures["message: no answer within 5s"]; n != 100 || w.waiting != 0 {
			t.Errorf("%v, %d waiting", w.failures, w.waiting)
		}
	})
	synctest.Test(t, func(t *testing.T) { // overdue by more than the patience
		w, f := rehearsal(t, "patience = \"5s\"\n"+one, "[[users.script]]\nevery = \"1ms\"\ntimes = 10\n"+send, "")
		f.delay = 2 * time.Second
		f.perform(t, 1, time.Minute)
		if len(w.failures) > 0 || w.counts.Replies != 10 {
			t.Errorf("%v, %+v", w.failures, w.counts)
		}
	})
}

// A user keeps no place of each channel that it ever visited.
func TestManyVisits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, f := rehearsal(t, one, `
[[users.script]]
times = 500
[[users.script.step]]
do = "join"
channel = "{random 1000000}"
[[users.script.step]]
do = "leave"
channel = "{random 1000000}"
`, "")
		f.perform(t, 1, time.Minute)
		if n := len(w.clients[0].subs); n > 2 || w.counts.Leaves != 500 {
			t.Errorf("%d places, %+v", n, w.counts)
		}
	})
}

func TestHeartbeats(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, f := rehearsal(t, strings.Replace(one, "off", "10s", 1), "[[users.script]]\nevery = \"1m\"\ntimes = 2\n"+send, "")
		f.perform(t, 1, 2*time.Minute)
		if n := len(f.said(0, "heartbeat")); n < 5 || n > 7 || w.counts.Heartbeat != int64(n) {
			t.Errorf("%d in a minute, %d answered", n, w.counts.Heartbeat)
		}
		// Timers of a connection that was lost are void.
		for range 3 {
			f.cut(&w.clients[0])
			for end := w.clock() + int64(5*time.Second); w.clock() < end; {
				_ = w.turn(maxWait)
			}
		}
		f.heard = nil
		for end := w.clock() + int64(time.Minute); w.clock() < end; {
			_ = w.turn(maxWait)
		}
		if n := len(f.said(0, "heartbeat")); n < 5 || n > 7 {
			t.Errorf("%d in a minute after three comebacks", n)
		}
		// One that is not answered ends the connection, as in the npm client.
		f.answer = func(_ *client, m *phoenix.Message) string {
			if string(m.Event) == "heartbeat" {
				return ""
			}
			return "ok"
		}
		f.dials = nil
		for end := w.clock() + int64(25*time.Second); w.clock() < end; {
			_ = w.turn(maxWait)
		}
		if w.failures["heartbeat: unanswered"] == 0 || len(f.dials) == 0 {
			t.Errorf("%v, %d dials", w.failures, len(f.dials))
		}
	})
}

func TestEchoes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		script := "[[users.script]]\ntimes = 10\n[[users.script.step]]\ndo = \"send\"\nburst = 3\n"
		w, f := rehearsal(t, "wire = \"echo\"\n[[users]]\ncount = 3\n", script, "")
		if !f.perform(t, 1, time.Minute) {
			t.Fatal("it does not end")
		}
		if c := w.counts; c.Sent != 90 || c.Replies != 90 || w.checks.Bad() > 0 || len(w.failures) > 0 {
			t.Errorf("%+v %+v %v", c, w.checks, w.failures)
		}
	})
}

// Connections that are lost at any moment leave nothing behind that keeps a phase
// from ending, and no account out of order.
func TestLostAtAnyMoment(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			visit := "[[users.script]]\ntimes = 8\n[[users.script.step]]\ndo = \"join\"\nchannel = \"d{random 3}\"\n" +
				"[[users.script.step]]\ndo = \"think\"\nfor = \"10ms..2s\"\n[[users.script.step]]\ndo = \"send\"\nchannel = \"d{random 3}\"\nburst = 3\n" +
				"[[users.script.step]]\ndo = \"leave\"\nchannel = \"d{random 3}\"\n"
			w, f := rehearsal(t, four, visit+"[[users.script]]\ntimes = 20\nevery = \"300ms\"\n"+send, "")
			r := rand.New(rand.NewPCG(seed, 1))
			f.delay = 20 * time.Millisecond
			f.answer = func(c *client, _ *phoenix.Message) string {
				if r.IntN(12) == 0 {
					f.later(c, func() { f.cut(c) })
				}
				return "ok"
			}
			if !f.perform(t, 1, 10*time.Minute) {
				t.Fatalf("seed %d: it does not end: %d runs, %d waiting", seed, w.runsLeft, w.waiting)
			}
			f.answer = nil
			for end := w.clock() + int64(time.Minute); w.clock() < end; {
				_ = w.turn(maxWait)
			}
			if w.open != 4 || w.joined != 4 || w.waiting != 0 || w.channel(0, []byte("c")).subs != 4 {
				t.Errorf("seed %d: %d open, %d joined, %d waiting, %d in c", seed, w.open, w.joined, w.waiting, w.channel(0, []byte("c")).subs)
			}
			if w.checks.Foreign+w.checks.Duplicates+w.checks.Reordered > 0 {
				t.Errorf("seed %d: %+v", seed, w.checks)
			}
		})
	}
}

// What is told of a phase no longer changes when clients go on.
func TestPartIsApart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, f := rehearsal(t, four, "[[users.script]]\ntimes = 3\n"+send, "")
		f.perform(t, 1, time.Minute)
		p := w.part()
		if n := p.Latencies[report.Delivery].Count(); n != 48 || p.Counts.Received != 48 || p.Latencies[report.Reply].Count() != 12 {
			t.Fatalf("%d deliveries, %+v", n, p.Counts)
		}
		f.perform(t, 1, time.Minute)
		again := w.part()
		if n, then := p.Latencies[report.Delivery].Count(), again.Latencies[report.Delivery].Count(); n != 48 || then != 48 || again.Counts.Received != 48 {
			t.Errorf("%d deliveries, then %d, %+v", n, then, again.Counts)
		}
	})
}
