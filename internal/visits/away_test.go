package visits_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"throng"
	"throng/internal/store"
	"throng/internal/visits"
)

// TestOutage: a store that is away loses nothing and is told nothing twice, whether it
// refuses, forgets to answer, or does not answer at all; and nobody is taken for dead
// afterwards who had to wait as well.
func TestOutage(t *testing.T) {
	for name, how := range map[string]trouble{"refuses": refuses, "forgets": forgets, "hangs": hangs, "hangs late": hangsLate} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				a, b := w.start("a"), w.start("b")
				time.Sleep(time.Minute)
				from := w.now()
				stays, leaves := a.come("stays"), a.come("leaves")
				b.come("elsewhere")
				time.Sleep(10*time.Second + 50*time.Millisecond)
				began := w.now() - from
				a.come("just before")
				a.line.set(how)
				b.line.set(how)
				time.Sleep(time.Second)
				leaves.End()
				left := w.now() - from
				short := a.come("short")
				time.Sleep(time.Second)
				short.End()
				time.Sleep(2 * time.Minute)
				came := w.now() - from
				a.come("meanwhile")
				time.Sleep(30 * time.Second)
				a.line.set(works)
				time.Sleep(3 * time.Second) // one of them is back a little later
				b.line.set(works)
				time.Sleep(time.Minute)
				w.want(from, "stays", "0-")
				w.want(from, "elsewhere", "0-")
				w.want(from, "leaves", fmt.Sprintf("0-%d left", left))
				w.want(from, "short", fmt.Sprintf("%d-%d left", left, left+second))
				w.want(from, "just before", fmt.Sprintf("%d-", began))
				w.want(from, "meanwhile", fmt.Sprintf("%d-", came))
				if got := a.Stats().Fenced.Load() + b.Stats().Fenced.Load(); got != 0 {
					t.Errorf("%d leases were lost", got)
				}
				stays.End()
				_, _ = a.drain(), b.drain()
			})
		})
	}
}

// Who reads in the log that the store is away, or is back, finds the figures so.
func TestOutageIsTold(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		var listens atomic.Pointer[visits.Stats]
		var said atomic.Int32
		w.log = slog.New(hears{slog.DiscardHandler, func(r slog.Record) {
			s, away := listens.Load(), r.Level == slog.LevelError
			if s == nil {
				return
			}
			said.Add(1)
			if s.Up.Load() == away || s.Errors.Load() == 0 {
				t.Errorf("%q is said, the store is up: %t, %d errors", r.Message, s.Up.Load(), s.Errors.Load())
			}
		}})
		n := w.start("a")
		time.Sleep(time.Minute)
		listens.Store(n.Stats())
		n.line.set(refuses)
		time.Sleep(time.Minute)
		n.line.set(works)
		time.Sleep(time.Minute)
		if said.Load() < 2 {
			t.Errorf("%d lines were said", said.Load())
		}
		listens.Store(nil)
		_ = n.drain()
	})
}

// hears is a log that somebody listens to.
type hears struct {
	slog.Handler
	hear func(slog.Record)
}

func (h hears) Enabled(context.Context, slog.Level) bool { return true }

func (h hears) Handle(_ context.Context, r slog.Record) error {
	h.hear(r)
	return nil
}

// A store that is away for ten minutes is a dozen lines of the log, and one when it is
// back; each call that failed is counted.
func TestAwayIsSaidSeldom(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		var log bytes.Buffer
		n := w.start("a", func(o *visits.Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
		time.Sleep(time.Second)
		n.line.set(refuses)
		time.Sleep(10 * time.Minute)
		n.line.set(works)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		away, back := strings.Count(log.String(), "can't be written"), strings.Count(log.String(), "written again")
		if failed := n.Stats().Errors.Load(); away < 10 || away > 15 || back != 1 || failed < 100 {
			t.Errorf("said %d times to be away, %d times to be back; %d calls failed\n%s", away, back, failed, &log)
		}
		_ = n.drain()
	})
}

// A store that is away when the node starts: visits are true to their lengths, and to
// its clock, once it is there.
func TestAwayAtStart(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.set(time.Hour)
		from := w.now()
		n := w.start("a")
		n.line.set(refuses)
		tab := n.come("ann")
		time.Sleep(time.Minute)
		gone := n.come("bob")
		time.Sleep(time.Minute)
		gone.End()
		time.Sleep(time.Minute)
		if n.Stats().Up.Load() || n.Pending() == 0 {
			t.Error("the store seems to be there")
		}
		n.line.set(works)
		time.Sleep(time.Minute)
		tab.End()
		time.Sleep(time.Minute)
		w.want(from, "ann", "0-240000 left")
		w.want(from, "bob", "60000-120000 left")
		_ = n.drain()
	})
}

// What is kept for a store that is away has a bound; more is dropped and counted. But
// what the store has open is closed, or somebody would be online for ever.
func TestBuffer(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		n := w.start("a", func(o *visits.Options) { o.Buffer = 10 })
		time.Sleep(time.Second)
		var before []interface{ End() }
		for i := range 20 {
			before = append(before, n.come(fmt.Sprint("before", i)))
		}
		time.Sleep(time.Minute)
		n.line.set(refuses)
		for i := range 30 {
			tab := n.come(fmt.Sprint("during", i))
			time.Sleep(time.Second)
			tab.End()
		}
		for _, tab := range before {
			tab.End()
		}
		time.Sleep(time.Minute)
		n.line.set(works)
		time.Sleep(2 * time.Minute)
		if online := w.online(); len(online) > 0 {
			t.Errorf("%v are online", online)
		}
		dropped := int(n.Stats().Dropped.Load())
		if got := len(w.all()); dropped == 0 || got+dropped != 50 {
			t.Errorf("%d visits are there, and %d were dropped", got, dropped)
		}
		_ = n.drain()
	})
}

// Users who come and go while the store is away leave nothing behind but what the
// buffer takes, whether the node has a lease or waits for its first.
func TestChurnWhileAway(t *testing.T) {
	for name, up := range map[string]trouble{"since the start": refuses, "later": works} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				n := w.start("a", func(o *visits.Options) { o.Buffer = 10 })
				n.line.set(up)
				time.Sleep(time.Minute)
				n.line.set(refuses)
				for i := range 2000 {
					tab := n.come(fmt.Sprint("user", i))
					time.Sleep(5 * time.Millisecond)
					tab.End()
				}
				time.Sleep(time.Minute)
				if got := n.Entries(); got > 0 {
					t.Errorf("%d entries are kept of users who are not here", got)
				}
				n.line.set(works)
				time.Sleep(time.Minute)
				_ = n.drain()
			})
		})
	}
}

// TestFenced: a node that seemed dead although it lives goes on under a new lease. Its
// users' visits are cut in two, and nothing is lost or there twice, whatever of the
// last flush the store had.
func TestFenced(t *testing.T) {
	for name, how := range map[string]trouble{"refuses": refuses, "forgets": forgets, "hangs": hangs, "hangs late": hangsLate} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				a, b := w.start("a"), w.start("b")
				time.Sleep(time.Minute)
				from := w.now()
				stays, leaves, back := a.come("stays"), a.come("leaves"), a.come("back")
				brief := a.come("brief")
				time.Sleep(30*time.Second + 50*time.Millisecond)
				brief.End()
				time.Sleep(16 * time.Second) // it is about to be closed
				a.come("just before")
				began := w.now() - from
				a.line.set(how)
				time.Sleep(time.Second)
				leaves.End()
				back.End()
				left := w.now() - from
				time.Sleep(10 * time.Second)
				back = a.come("back")
				time.Sleep(30 * time.Second)
				for _, user := range w.online() {
					t.Errorf("%s is online, and its node is not", user)
				}
				a.line.set(works)
				time.Sleep(time.Minute)
				stays.End()
				back.End()
				ended := w.now() - from
				time.Sleep(time.Minute)
				if got := a.Stats().Fenced.Load(); got != 1 {
					t.Errorf("%d leases were lost", got)
				}
				w.joined(from, "stays", 0, ended)
				w.joined(from, "back", 0, ended)
				w.joined(from, "leaves", 0, left)
				w.joined(from, "brief", 0, 30050)
				w.joined(from, "just before", began, 0)
				_, _ = a.drain(), b.drain()
			})
		})
	}
}

// What a flush said anew of leave times, and was refused, is taken back of the visit that
// it was about, and of that one alone.
func TestFencedBack(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a, b := w.start("a"), w.start("b")
		time.Sleep(time.Minute)
		from := w.now()
		tab := a.come("ann")
		one := join(tab, "p:1")
		twice := a.come("twice")
		gone := a.come("gone")
		time.Sleep(30*time.Second + 50*time.Millisecond)
		tab.Unsubscribe(one)
		twice.End()
		gone.End()
		time.Sleep(2 * time.Second) // a beat says so
		join(tab, "p:1")
		twice, gone = a.come("twice"), a.come("gone")
		time.Sleep(50 * time.Millisecond)
		a.line.set(refuses)
		back := w.now() - from
		twice.End()
		gone.End()
		time.Sleep(10 * time.Second)
		twice = a.come("twice")
		time.Sleep(time.Second)
		tab.End()
		ended := w.now() - from
		time.Sleep(30 * time.Second)
		a.line.set(works)
		time.Sleep(time.Minute)
		if got := a.Stats().Fenced.Load(); got != 1 {
			t.Errorf("%d leases were lost", got)
		}
		w.joined(from, "ann", 0, ended)
		w.joinedIn(from, "ann", "p:1", 0, ended)
		w.joined(from, "twice", 0, 0)
		w.joined(from, "gone", 0, back)
		twice.End()
		_, _ = a.drain(), b.drain()
	})
}

// joined checks that a user's visits follow each other without a gap and without an
// overlap, from one time to another; 0 is still open.
func (w *world) joined(from int64, user string, began, ended int64) {
	w.t.Helper()
	w.joinedIn(from, user, "", began, ended)
}

func (w *world) joinedIn(from int64, user, channel string, began, ended int64) {
	w.t.Helper()
	at, open := began, false
	var lines []string
	for _, v := range w.all() {
		if v.User != user || v.Channel != channel {
			continue
		}
		lines = append(lines, show(v, from))
		if v.StartedAt-from != at {
			w.t.Errorf("%s: a visit begins at %d, not %d", user, v.StartedAt-from, at)
		}
		at, open = v.EndedAt-from, v.Reason == throng.VisitOpen
	}
	if open != (ended == 0) || !open && at != ended {
		w.t.Errorf("%s: the visits are %q, not up to %d", user, lines, ended)
	}
}

// What can't be written at the end is said.
func TestUnwritten(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		n := w.start("a")
		time.Sleep(time.Second)
		n.come("ann")
		time.Sleep(time.Second)
		n.line.set(hangs)
		began := time.Now()
		defer func() {
			if took := time.Since(began); took > 20*time.Second { // with reap's
				t.Errorf("the end took %v", took)
			}
		}()
		if err := n.drain(); err == nil || !strings.Contains(err.Error(), "the ends of 1 visits were not written") {
			t.Errorf("the store was away, and the end says %v", err)
		}
		w.reap(8 * time.Second)
		if online := w.online(); len(online) > 0 {
			t.Errorf("%v are online", online)
		}
	})
}

// The last write takes as long as it needs while the store takes what it is given, and
// not for ever.
func TestSlowEnd(t *testing.T) {
	for name, test := range map[string]struct {
		slow    time.Duration
		written bool
		took    time.Duration // at most
	}{
		"slow":      {3 * time.Second, true, time.Minute},
		"very slow": {4500 * time.Millisecond, false, time.Minute},
		"too slow":  {6 * time.Second, false, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				n := w.start("a")
				time.Sleep(time.Second)
				for i := range 15_000 {
					n.come(fmt.Sprint("user", i))
				}
				time.Sleep(20 * time.Second)
				n.line.mu.Lock()
				n.line.slow = test.slow
				n.line.mu.Unlock()
				began := time.Now()
				err := n.drain()
				if took := time.Since(began); (err == nil) != test.written || took > test.took+time.Second {
					t.Errorf("the end took %v: %v", took, err)
				}
				if online := len(w.online()); (online == 0) != test.written {
					t.Errorf("%d are online", online)
				}
			})
		})
	}
}

// A store that opens late is asked by nobody before, and closed once.
func TestLater(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		there := false
		later := store.NewLater(func(context.Context) (store.Store, error) {
			if !there {
				return nil, errLine
			}
			return w.store, nil
		})
		if _, err := later.Acquire(t.Context(), "a"); err != errLine {
			t.Error(err)
		}
		if _, err := later.Online(t.Context(), throng.OnlineQuery{}); throng.AsError(err) != throng.ErrNotAvailable {
			t.Error(err)
		}
		there = true
		if _, err := later.Acquire(t.Context(), "a"); err != nil {
			t.Error(err)
		}
		if _, err := later.Online(t.Context(), throng.OnlineQuery{}); err != nil {
			t.Error(err)
		}
		if err := later.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := later.Acquire(t.Context(), "a"); err != throng.ErrClosed {
			t.Error(err)
		}
	})
}
