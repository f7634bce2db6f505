package bonus_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"throng"
	"throng/internal/bonus"
)

// attendance is who was where since when, and is here still: what the books would say
// after their delay. Real books are asked in internal/server.
type attendance struct {
	mu     sync.Mutex
	clock  *throng.Clock
	since  map[string]int64
	asked  int
	fails  bool
	behind int64 // how much longer the books take, in milliseconds
}

const delay = 200

func (a *attendance) come(user string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.since[user] = a.clock.Now()
}

// count is how many users the books were asked for.
func (a *attendance) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.asked
}

func (a *attendance) fail(fails bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fails = fails
}

func (a *attendance) Now(user, _ string, at int64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	since, here := a.since[user]
	return here && since <= at && strings.HasPrefix(user, "here")
}

func (a *attendance) Present(_ context.Context, channel string, at int64, users []string) (map[string]bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fails {
		return nil, errTrouble
	}
	a.asked += len(users)
	was := make(map[string]bool)
	for _, u := range users {
		since, here := a.since[u]
		was[u] = channel == "room:1" && here && since <= at && a.clock.Now() >= since+delay+a.behind
	}
	return was, nil
}

func (a *attendance) Watched(_ context.Context, channel string, since int64, users []string) (map[string]int64, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked += len(users)
	spent := make(map[string]int64)
	for _, u := range users {
		if from, here := a.since[u]; here && channel == "room:1" {
			spent[u] = a.clock.Now() - max(from, since)
		}
	}
	return spent, nil
}

// attended is bubbleOf with somebody who knows who was here.
func attended(t *testing.T, f func(w *world, a *attendance)) {
	a := &attendance{since: make(map[string]int64)}
	bubbleOf(t, bonus.Options{Attendance: a}, func(w *world) {
		a.clock = w.clock
		f(w, a)
	})
}

// TestPresentAt: only who was here at the moment has it; before the moment nobody, and
// who came too late is not asked about again and again.
func TestPresentAt(t *testing.T) {
	attended(t, func(w *world, a *attendance) {
		a.come("there")
		moment := w.clock.Now() + 2000
		w.offer("b", func(b *throng.Bonus) { b.Deadline += 60_000; b.Audience.PresentAt = moment })
		w.want(w.claim("b", "there", ""), "not_yet")
		time.Sleep(1950 * time.Millisecond)
		a.come("here")
		a.come("just")
		time.Sleep(60 * time.Millisecond)
		a.come("late")
		w.want(w.claim("b", "there", ""), "won 1")
		w.want(w.claim("b", "here", ""), "won 2")       // not in the books yet
		w.want(w.claim("b", "just", ""), "not_for_you") // on another node
		w.want(w.claim("b", "late", ""), "not_for_you")
		time.Sleep(3 * time.Second)
		w.want(w.claim("b", "just", ""), "won 3") // the books have it by now
		w.want(w.claim("b", "late", ""), "not_for_you")
		asked := a.count()
		for range 1000 {
			w.want(w.claim("b", "late", ""), "not_for_you")
		}
		if n := a.count(); n != asked {
			t.Errorf("the books were asked %d times more", n-asked)
		}
		w.want(w.claim("b", "nobody", ""), "not_for_you")
		a.fail(true)
		w.want(w.claim("b", "somebody", ""), "108")
		a.fail(false)
		time.Sleep(5 * time.Second)
		w.want(w.claim("b", "somebody", ""), "not_for_you")
	})
}

// TestPresentLater: a store that was away learns of who was here when it is back.
func TestPresentLater(t *testing.T) {
	attended(t, func(w *world, a *attendance) {
		a.behind = 8000
		a.come("there")
		moment := w.clock.Now()
		w.offer("b", func(b *throng.Bonus) { b.Deadline += 60_000; b.Audience.PresentAt = moment })
		time.Sleep(3 * time.Second)
		w.want(w.claim("b", "there", ""), "not_for_you")
		time.Sleep(11 * time.Second)
		w.want(w.claim("b", "there", ""), "won 1")
	})
}

// TestMinWatched: who has not watched long enough can have it later.
func TestMinWatched(t *testing.T) {
	attended(t, func(w *world, a *attendance) {
		a.come("ann")
		w.offer("b", func(b *throng.Bonus) { b.Deadline += 60_000; b.Audience.MinWatched = 10_000 })
		w.want(w.claim("b", "ann", ""), "not_for_you")
		asked := a.count()
		w.want(w.claim("b", "ann", ""), "not_for_you") // from memory
		if a.count() != asked {
			t.Error("the books were asked again within a second")
		}
		time.Sleep(9900 * time.Millisecond)
		w.want(w.claim("b", "ann", ""), "not_for_you")
		time.Sleep(110 * time.Millisecond)
		w.want(w.claim("b", "ann", ""), "won 1")
	})
}

// TestNamed: users who are named are told in their own channels; others don't know of it.
func TestNamed(t *testing.T) {
	bubble(t, func(w *world) {
		long := strings.Repeat("u", 300) // who has no own channel
		w.offer("b", func(b *throng.Bonus) { b.Audience = throng.Audience{Users: []string{"ann", "bob", long}} })
		w.wantTold("@user:ann bonus_offer", "@user:bob bonus_offer")
		w.want(w.claim("b", "ann", ""), "won 1")
		w.want(w.claim("b", "eve", ""), "102")
		w.want(w.claim("b", long, ""), "won 2")
		w.offer("c", func(b *throng.Bonus) { b.Audience.Users = []string{"ann"} })
		w.want(w.claim("c", "eve", ""), "not_for_you") // she sees it in the channel
		w.wantTold("@user:ann bonus_result", "room:1 bonus_offer")
		w.offer("d", func(b *throng.Bonus) { b.Audience.Channel = "vip:1" })
		w.want(w.claim("d", "eve", ""), "102") // she can't be there
		ok, list := w.event("ann", "room:1", "bonus_list", "{}")
		if !ok || strings.Count(list, `"id":`) != 2 || !strings.Contains(list, `"mine":{"place":1,`) || strings.Contains(list, `"id":"d"`) {
			t.Error(list)
		}
		if _, list = w.event("eve", "room:1", "bonus_list", "{}"); list != `{"bonuses":[],"time":NOW}` {
			t.Error(list)
		}
		if _, list = w.event("eve", "vip:1", "bonus_list", "{}"); !strings.Contains(list, `"id":"d"`) {
			t.Error(list)
		}
	})
}

// TestListKeepsWhatIsMine: who has a bonus that is exhausted finds it until the deadline.
func TestListKeepsWhatIsMine(t *testing.T) {
	bubble(t, func(w *world) {
		w.offer("b", func(b *throng.Bonus) { b.Quota = 1 })
		w.want(w.claim("b", "ann", ""), "won 1")
		if _, list := w.event("ann", "room:1", "bonus_list", "{}"); !strings.Contains(list, `"mine":{"place":1,`) {
			t.Error(list)
		}
		if _, list := w.event("bob", "room:1", "bonus_list", "{}"); strings.Contains(list, `"id"`) {
			t.Error(list)
		}
		time.Sleep(5 * time.Second)
		if _, list := w.event("ann", "room:1", "bonus_list", "{}"); strings.Contains(list, `"id"`) {
			t.Error(list)
		}
	})
}
