package session_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"throng"
	"throng/internal/session"
	"throng/internal/session/sessiontest"
)

// register writes down what it is told.
type register struct{ lines []string }

func (r *register) note(format string, args ...any) {
	r.lines = append(r.lines, fmt.Sprintf(format, args...))
}

func (r *register) Came(s *session.Session) { r.note("came %s", s.User()) }
func (r *register) Went(s *session.Session) { r.note("went %s %d", s.User(), s.Gone()) }

func (r *register) Joined(sub *session.Subscription) { r.note("joined %s", sub.Channel()) }
func (r *register) Parted(sub *session.Subscription) {
	r.note("parted %s left=%t watching=%t", sub.Channel(), sub.Left(), sub.Watching())
}

func (r *register) Watches(sub *session.Subscription, on bool) {
	r.note("watches %s %t", sub.Channel(), on)
}

// take returns the lines since the last call.
func (r *register) take() (lines []string) {
	lines, r.lines = r.lines, nil
	return lines
}

func (r *register) want(t *testing.T, lines ...string) {
	t.Helper()
	if got := r.take(); !slices.Equal(got, lines) {
		t.Errorf("the books say\n\t%q\nnot\n\t%q", got, lines)
	}
}

// registered is a node whose sessions are written down. Channels that begin with
// seen: are watched.
func registered() (*known, *register) {
	k, r := newKnown(), &register{}
	k.namespaces["seen"] = &throng.Namespace{Name: "seen", Subscribe: throng.Anybody, Watch: throng.WatchParallel}
	k.env.Attendance, k.env.Watcher = []session.Attendance{r}, r
	return k, r
}

func joinRoom(w *sessiontest.Wire, channel string) *session.Subscription {
	w.Join(session.SubscribeRequest{Channel: channel})
	return w.Find([]byte(channel))
}

// The books are told who comes and goes, when a client was last there, and whether a
// subscription ended because somebody wanted it.
func TestAttendance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, r := registered()
		w := k.client(&throng.Identity{User: "ann"})
		sub := joinRoom(w, "seen:1")
		joinRoom(w, "seen:2")
		w.Unsubscribe(sub)
		joinRoom(w, "seen:2") // anew
		r.want(t, "came ann", "joined seen:1", "joined seen:2", "parted seen:1 left=true watching=false",
			"parted seen:2 left=false watching=false", "joined seen:2")
		time.Sleep(time.Minute)
		at := k.env.Clock.Now() - 1000
		w.EndSeen(at)
		w.End()
		r.want(t, fmt.Sprint("went ann ", at), "parted seen:2 left=false watching=false")

		w = k.client(nil) // who says late who it is
		joinRoom(w, "seen:1")
		if err := w.Refresh(&throng.Identity{User: "bob"}); err != nil {
			t.Error(err)
		}
		w.End()
		r.want(t, "joined seen:1", "came bob", "went bob 0", "parted seen:1 left=false watching=false")
	})
}

// The books are told what a client says of a channel when it changes, and after a
// move again.
func TestWatch(t *testing.T) {
	k, r := registered()
	w := k.client(&throng.Identity{User: "ann"})
	sub := joinRoom(w, "seen:1")
	r.take()
	for _, says := range [][2]bool{{true, true}, {true, true}, {false, true}, {true, false}, {true, true}} {
		if err := sub.Watch(says[0], says[1]); err != nil {
			t.Error(err)
		}
	}
	r.want(t, "watches seen:1 true", "watches seen:1 false", "watches seen:1 true")

	state := w.Capture()
	w.End()
	r.take()
	moved := k.client(nil)
	moved.Restore(state)
	r.want(t, "came ann", "joined seen:1", "watches seen:1 true")
	sub = moved.Find([]byte("seen:1"))
	moved.Unsubscribe(sub)
	if err := sub.Watch(false, false); err != nil {
		t.Error(err)
	}
	r.want(t, "parted seen:1 left=true watching=true")

	if err := joinRoom(moved, "open:1").Watch(true, true); err != throng.ErrNotAvailable {
		t.Errorf("where watching is off: %v", err)
	}
	if err := joinRoom(k.client(nil), "seen:1").Watch(true, true); err != throng.ErrUnauthorized {
		t.Errorf("by nobody: %v", err)
	}
}

// TestWatchOffAfterMove: what is not recorded any more is not, whatever the client said.
func TestWatchOffAfterMove(t *testing.T) {
	k, r := registered()
	w := k.client(&throng.Identity{User: "ann"})
	if err := joinRoom(w, "seen:1").Watch(true, true); err != nil {
		t.Fatal(err)
	}
	state := w.Capture()
	w.End()
	r.take()
	k.namespaces["seen"] = &throng.Namespace{Name: "seen", Subscribe: throng.Anybody}
	moved := k.client(nil)
	moved.Restore(state)
	r.want(t, "came ann", "joined seen:1")
	moved.End()
	r.want(t, "went ann 0", "parted seen:1 left=false watching=false")
}

// What a client says of a channel before it is told that it is in it counts from then on.
func TestWatchBeforeJoined(t *testing.T) {
	k, r := registered()
	k.late = true
	w := k.client(&throng.Identity{User: "ann"})
	kept, undone, gone := joinRoom(w, "seen:1"), joinRoom(w, "seen:2"), joinRoom(w, "seen:3")
	for _, sub := range []*session.Subscription{kept, undone, gone} {
		if err := sub.Watch(true, true); err != nil {
			t.Error(err)
		}
	}
	_ = undone.Watch(true, false)
	r.want(t, "came ann")
	for _, sub := range []*session.Subscription{kept, undone} {
		w.Session.Subscribed(sub, &session.Subscribed{Class: sub.Class(), Token: k.asked[0].Token, Result: k.answer(sub, k.asked[0])})
	}
	w.Unsubscribe(gone)
	r.want(t, "joined seen:1", "watches seen:1 true", "joined seen:2")
	_ = kept.Watch(false, true)
	r.want(t, "watches seen:1 false")
}

func (r *register) Missed(*session.Subscription) {}
