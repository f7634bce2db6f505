package session_test

import (
	"fmt"
	"slices"
	"testing"

	"throng"
	"throng/internal/session"
	"throng/internal/session/sessiontest"
)

// books writes down what attendance is told.
type books []string

func (b *books) Came(s *session.Session)          { *b = append(*b, "came "+s.User()) }
func (b *books) Went(s *session.Session)          { *b = append(*b, "went "+s.User()) }
func (b *books) Joined(sub *session.Subscription) { *b = append(*b, "joined "+sub.Channel()) }
func (b *books) Parted(sub *session.Subscription) { *b = append(*b, "parted "+sub.Channel()) }
func (b *books) Missed(sub *session.Subscription) { *b = append(*b, "missed "+sub.Channel()) }
func (b *books) want(t *testing.T, lines ...string) {
	t.Helper()
	if !slices.Equal(*b, lines) {
		t.Errorf("told %q, not %q", *b, lines)
	}
	*b = nil
}

func attended(n *node, b *books) *sessiontest.Wire {
	return sessiontest.New(&session.Env{
		Node: n, Limits: session.Limits{Channels: 4, QueueBytes: 100}, Attendance: []session.Attendance{b},
	}, throng.Ref{}, throng.ClientInfo{User: "ann", Client: throng.NewClientID()})
}

// Whose publications were dropped is told once for all that went in one go; not where
// the client begins again anyway.
func TestMissed(t *testing.T) {
	b := &books{}
	w := attended(newNode(), b)
	plain, other, counted := join(w, "new:a", false), join(w, "new:b", false), join(w, "newhist:c", true)
	b.want(t, "came ann", "joined new:a", "joined new:b", "joined newhist:c")
	w.Take()
	w.Stalled = true
	for i := range 4 {
		push(plain, i)
	}
	if !w.Takes(0) {
		w.Take()
	}
	b.want(t)
	w.Stalled = true
	for i := range 7 {
		push(plain, i)
	}
	b.want(t, "missed new:a")
	w.Take()
	push(counted, 1)
	for i := range 6 {
		push(other, i)
	}
	if got := *b; !slices.Contains(got, "missed new:b") || !slices.Contains(got, "parted newhist:c") || slices.Contains(got, "missed newhist:c") {
		t.Errorf("told %q", got)
	}
	*b = nil
	w.End()
	b.want(t, "went ann", "parted new:b", "parted new:a")
}

// What can wait is given to a client up to half of what may wait, or when nothing does.
func TestTakes(t *testing.T) {
	w := newNode().client("")
	sub := join(w, "new:a", false)
	w.Take()
	w.Stalled = true
	for i, want := range []bool{true, true, true, false} {
		if w.Takes(0) != want || w.Takes(40) != (i == 0) {
			t.Errorf("%d of 100 bytes: %t, 40 more: %t", w.Queued(), w.Takes(0), w.Takes(40))
		}
		push(sub, i)
	}
	w.Stalled = false
	if !w.Takes(1000) || w.Queued() != 0 { // a burst is not a slow client
		t.Errorf("%d bytes wait", w.Queued())
	}
}

// errand is one that says where it was run.
type errand struct {
	class uint32
	ran   *[]string
}

func (e errand) Class() uint32 { return e.class }
func (e errand) Run(sub *session.Subscription) {
	*e.ran = append(*e.ran, fmt.Sprint(sub.Channel(), " ", sub.CatchUp()))
	sub.Tell("event", []byte("data"))
}

// An errand is run for the subscription that it is meant for, as long as that is there.
func TestErrand(t *testing.T) {
	var ran []string
	w := attended(newNode(), &books{})
	a, b := join(w, "open:a", false), join(w, "open:b", false)
	w.Take()
	w.Handle(errand{b.Class(), &ran})
	expect(t, w, "event open:b data")
	w.Unsubscribe(a)
	w.Handle(errand{a.Class(), &ran})
	a.Tell("event", nil)
	expect(t, w)
	if !slices.Equal(ran, []string{"open:b true"}) {
		t.Errorf("%q", ran)
	}
}

// What a wire does not show is not queued.
func TestEmptyFrame(t *testing.T) {
	w := newNode().client("")
	sub := join(w, "open:a", false)
	w.Take()
	sub.Push(nil, &throng.Publication{})
	expect(t, w)
}
