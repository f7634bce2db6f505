package visits_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"throng"
	"throng/internal/session/sessiontest"
	"throng/internal/visits"
)

// TestWatchingIsTrue lets a user's sessions say at random what they watch, join, leave
// and end, and compares the books with a list of channels in the order in which the
// user turned to them.
func TestWatchingIsTrue(t *testing.T) {
	for seed := range 8 {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				n := w.start("a", func(o *visits.Options) { o.Grace = -1 })
				time.Sleep(time.Second)
				m := &watchModel{w: w, n: n, rand: rand.New(rand.NewPCG(uint64(seed), 2)), said: make(map[*sessiontest.Wire][]string)}
				for range 400 {
					m.step()
					m.count()
					time.Sleep(time.Duration(1+m.rand.IntN(700)) * time.Millisecond)
				}
				for _, s := range m.sessions {
					s.End()
				}
				clear(m.said)
				m.count()
				if err := n.drain(); err != nil {
					t.Error(err)
				}
				m.check(t)
			})
		})
	}
}

type watchModel struct {
	w        *world
	n        *node
	rand     *rand.Rand
	sessions []*sessiontest.Wire
	said     map[*sessiontest.Wire][]string // what each one watches
	turned   []string                       // channels, the last first
	counts   string                         // the one that does
	since    int64
	want     []string
	ended    bool   // a session did, in the last step
	paused   string // the channel whose visit goes on if it is watched again in time
	pausedAt int64
	began    int64
}

func (m *watchModel) step() {
	if len(m.sessions) == 0 || len(m.sessions) < 4 && m.rand.IntN(10) == 0 {
		m.sessions = append(m.sessions, m.n.come("ann"))
		return
	}
	m.ended = false
	i := m.rand.IntN(len(m.sessions))
	s, channel := m.sessions[i], fmt.Sprint("x:", m.rand.IntN(4))
	watches := slices.Contains(m.said[s], channel)
	sub := s.Find([]byte(channel))
	switch n := m.rand.IntN(20); {
	case n == 0:
		s.End()
		m.ended = true
		m.sessions = slices.Delete(m.sessions, i, i+1)
		delete(m.said, s)
	case sub == nil:
		join(s, channel)
	case n == 1:
		s.Unsubscribe(sub)
		m.cease(s, channel)
	case n < 8:
		_ = sub.Watch(n < 4, n > 5) // never both
		m.cease(s, channel)
	default:
		_ = sub.Watch(true, true)
		if !watches {
			m.said[s] = append(m.said[s], channel)
			m.turned = append([]string{channel}, slices.DeleteFunc(m.turned, func(c string) bool { return c == channel })...)
		}
	}
}

func (m *watchModel) cease(s *sessiontest.Wire, channel string) {
	m.said[s] = slices.DeleteFunc(m.said[s], func(c string) bool { return c == channel })
}

// count finds out which channel counts now.
func (m *watchModel) count() {
	m.turned = slices.DeleteFunc(m.turned, func(channel string) bool {
		for _, all := range m.said {
			if slices.Contains(all, channel) {
				return false
			}
		}
		return true
	})
	first := ""
	if len(m.turned) > 0 {
		first = m.turned[0]
	}
	if first == m.counts {
		return
	}
	now := m.w.now()
	if m.counts != "" {
		m.want = append(m.want, fmt.Sprint(m.counts, " ", m.since, "-", now))
		if m.paused = ""; first == "" && !m.ended {
			m.paused, m.pausedAt, m.began = m.counts, now, m.since
		}
	}
	m.counts, m.since = first, now
	if first != "" && first == m.paused && now-m.pausedAt < 1000 {
		m.want, m.since = m.want[:len(m.want)-1], m.began
	}
}

func (m *watchModel) check(t *testing.T) {
	t.Helper()
	var got []string
	for _, v := range m.w.all() {
		if v.Kind == throng.Watching {
			got = append(got, fmt.Sprint(v.Channel, " ", v.StartedAt, "-", v.EndedAt))
		}
	}
	if len(m.want) < 20 {
		t.Errorf("only %d visits", len(m.want))
	}
	for i := range min(len(got), len(m.want)) {
		if got[i] != m.want[i] {
			t.Fatalf("visit %d is %s, and was %s", i, got[i], m.want[i])
		}
	}
	if len(got) != len(m.want) {
		t.Errorf("there are %d visits, and were %d", len(got), len(m.want))
	}
}
