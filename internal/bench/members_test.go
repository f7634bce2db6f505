package bench_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"throng/internal/bench"
	"throng/internal/bench/report"
	"throng/internal/bench/scenario"
)

// several has three members do what one would.
func several(o *bench.Options) { o.Processes = 3 }

// Several members find what one finds, and when the last subscriber of all got a
// message.
func TestSeveralMembers(t *testing.T) {
	t.Parallel()
	const users, times = 7, 10
	s := perform(t, &stage{})
	r, err := measure(t, "fanout", scenario.Options{Targets: []string{s.url()}, Users: users, Times: times, Rate: 50}, several)
	if err != nil {
		t.Fatal(err)
	}
	if r.Agents != 3 || r.Checks != (report.Checks{Expected: users * times}) || len(r.Failures) > 0 {
		t.Errorf("%d agents, %+v, %v", r.Agents, r.Checks, r.Failures)
	}
	if c := r.Phases[0].Counts; c.Connects != users || c.Joins != users {
		t.Errorf("%+v", c)
	}
	messages := r.Phases[len(r.Phases)-1]
	if c := messages.Counts; c.Sent != times || c.Replies != times || c.Received != users*times {
		t.Errorf("%+v", c)
	}
	last, all := messages.Latencies[report.Last], messages.Latencies[report.Delivery]
	if last.Count() != times || all.Count() != users*times {
		t.Fatalf("%d messages reached the last one, %d deliveries", last.Count(), all.Count())
	}
	if last.Max() != all.Max() || last.Mean() < all.Mean() {
		t.Errorf("the last one after %v at most and %v on average, anyone after %v and %v", last.Max(), last.Mean(), all.Max(), all.Mean())
	}
	open := r.Samples[len(r.Samples)-1]
	if open.Open != users || open.Joined != users {
		t.Errorf("%+v", open)
	}
}

// A message that one of them does not get has no last subscriber.
func TestLastOfSeveralMembers(t *testing.T) {
	t.Parallel()
	lost := false
	s := perform(t, &stage{change: func(n int, f []byte) [][]byte {
		if n == 4 && !lost {
			lost = true
			return nil
		}
		return [][]byte{f}
	}})
	r, err := measure(t, "fanout", scenario.Options{Targets: []string{s.url()}, Users: 6, Times: 10, Rate: 50}, several)
	if err != nil {
		t.Fatal(err)
	}
	if want := (report.Checks{Expected: 60, Gaps: 1}); r.Checks != want {
		t.Errorf("%+v", r.Checks)
	}
	if n := r.Phases[len(r.Phases)-1].Latencies[report.Last].Count(); n != 9 {
		t.Errorf("%d messages reached the last one", n)
	}
}

func TestMoreProcessesThanUsers(t *testing.T) {
	t.Parallel()
	s := perform(t, &stage{})
	for processes, want := range map[int]string{5: "", -1: "-1 processes"} {
		r, err := measure(t, "connect", scenario.Options{Targets: []string{s.url()}, Users: 2}, func(o *bench.Options) { o.Processes = processes })
		if want != "" {
			if err == nil || !strings.Contains(err.Error(), want) || r != nil {
				t.Errorf("%d processes: %v", processes, err)
			}
			continue
		}
		if err != nil || r.Agents != 2 || r.Phases[0].Counts.Joins != 2 {
			t.Errorf("%d processes: %v, %+v", processes, err, r)
		}
	}
	if _, err := measure(t, "connect", scenario.Options{Targets: []string{s.url()}, Users: 2}, func(o *bench.Options) {
		o.Processes, o.Agents = 2, []string{"127.0.0.1:1"}
	}); err == nil || !strings.Contains(err.Error(), "either agents") {
		t.Error(err)
	}
}

// A member that dies in the middle ends the run, with what there was until then.
func TestMemberDies(t *testing.T) {
	t.Parallel()
	s := perform(t, &stage{})
	var second io.Closer
	n := 0
	r, err := measure(t, "idle", scenario.Options{Targets: []string{s.url()}, Users: 4, For: time.Hour}, func(o *bench.Options) {
		o.Processes = 3
		o.Spawn = func() (io.ReadWriteCloser, error) {
			p, err := crew()
			if n++; n == 2 {
				second = p
			}
			return p, err
		}
		o.Progress = func(r *report.Report) {
			if idles(r) {
				_ = second.Close()
			}
		}
	})
	if err == nil || !strings.Contains(err.Error(), "process 2 ") {
		t.Errorf("error %v", err)
	}
	if r == nil || len(r.Phases) != 1 || r.Phases[0].Counts.Joins != 4 || !idles(r) {
		t.Errorf("%+v", r)
	}
}

// idles reports whether the phase in which nothing happens has been seen.
func idles(r *report.Report) bool { return r.Samples[len(r.Samples)-1].Phase == "idle" }

func TestNoMember(t *testing.T) {
	t.Parallel()
	none := errors.New("none to be had")
	_, err := measure(t, "connect", scenario.Options{Targets: []string{"ws://127.0.0.1:1/socket"}, Users: 1}, func(o *bench.Options) {
		o.Spawn = func() (io.ReadWriteCloser, error) { return nil, none }
	})
	if !errors.Is(err, none) {
		t.Error(err)
	}
}

// cancelled runs a scenario until something happens.
func cancelled(t *testing.T, s *scenario.Scenario, when <-chan struct{}, progress func(*report.Report)) (*report.Report, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	go func() {
		select {
		case <-when:
		case <-ctx.Done():
			t.Error("it never happened")
		}
		cancel()
	}()
	return bench.Run(ctx, bench.Options{Scenario: s, Spawn: crew, Processes: 2, Progress: progress})
}

// Who interrupts a run gets what was done.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	s := perform(t, &stage{})
	sc, err := scenario.Builtin("fanout", scenario.Options{Targets: []string{s.url()}, Users: 3, Times: 1e6, Rate: 50})
	if err != nil {
		t.Fatal(err)
	}
	began := make(chan struct{})
	begin := sync.OnceFunc(func() { close(began) })
	told, seen := int64(0), 0
	r, err := cancelled(t, sc, began, func(r *report.Report) {
		for ; seen < len(r.Samples); seen++ {
			if s := &r.Samples[seen]; s.Phase == "messages" {
				told += s.Counts.Received
			}
		}
		if told >= 60 {
			begin()
		}
	})
	if !errors.Is(err, context.Canceled) || r == nil || len(r.Phases) != 3 {
		t.Fatalf("%v, %+v", err, r)
	}
	if c := r.Phases[2].Counts; c.Sent < 20 || c.Received < told {
		t.Errorf("%+v", c)
	}
}

// Also while it waits for what will never come.
func TestInterruptedWhileItWaits(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{})
	s := perform(t, &stage{change: func(n int, f []byte) [][]byte {
		if n == 5 {
			select {
			case <-ended:
			default:
				close(ended)
			}
			return nil
		}
		return [][]byte{f}
	}})
	sc, err := scenario.Builtin("fanout", scenario.Options{Targets: []string{s.url()}, Users: 3, Times: 5, Rate: 50})
	if err != nil {
		t.Fatal(err)
	}
	r, err := cancelled(t, sc, ended, nil)
	if !errors.Is(err, context.Canceled) || r == nil || len(r.Phases) != 3 || r.Phases[2].Counts.Sent != 5 {
		t.Errorf("%v, %+v", err, r)
	}
}

// A server that lets clients in and refuses their joins does not keep a run from
// ending, although they try again and again.
func TestRefusedForEver(t *testing.T) {
	t.Parallel()
	for name, accepted := range map[string]int{"all": 0, "some": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			joins := 0
			s := perform(t, &stage{reply: refusing(&joins, accepted)})
			r, err := measure(t, "idle", scenario.Options{Targets: []string{s.url()}, Users: 4, For: time.Second}, func(o *bench.Options) {
				// Who is in must stay: a bench that is late itself finds both overdue.
				o.Scenario.Patience = scenario.Duration(2500 * time.Millisecond)
				o.Scenario.Heartbeat = scenario.Duration(2500 * time.Millisecond)
			})
			if (err == nil) != (accepted > 0) || r == nil || !hasFailure(r, "join refused") || !hasFailure(r, "nothing moved any more") {
				t.Errorf("%v", err)
			}
			if want := 1 + min(1, accepted); r != nil && len(r.Phases) != want {
				t.Errorf("%d phases, want %d", len(r.Phases), want)
			}
		})
	}
}

// A foreign message does not stand for one that is missing.
func TestForeignAndMissing(t *testing.T) {
	t.Parallel()
	r := fanout(t, &stage{change: func(n int, f []byte) [][]byte {
		if n == 10 {
			return [][]byte{[]byte(`[null,null,"bench:all","msg",{"b":"zz.1.1"}]`)}
		}
		return [][]byte{f}
	}})
	if want := (report.Checks{Expected: 10 * subscribers, Missing: subscribers, Foreign: subscribers}); r.Checks != want {
		t.Errorf("got %+v, want %+v", r.Checks, want)
	}
}
