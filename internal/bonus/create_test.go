package bonus_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"throng"
	"throng/internal/bonus"
)

// TestBadBonus: what can't be offered is refused with what to do about it.
func TestBadBonus(t *testing.T) {
	bubbleOf(t, bonus.Options{Live: 2, MaxUsers: 3}, func(w *world) {
		now := w.clock.Now()
		for want, set := range map[string]func(b *throng.Bonus){
			"107 quota: it is 1 or more; leave it out for no limit":          func(b *throng.Bonus) { b.Quota = -1 },
			"107 deadline: it is in the past, by 1 ms":                       func(b *throng.Bonus) { b.Deadline = now - 1 },
			"107 deadline: it is at most a year ahead":                       func(b *throng.Bonus) { b.Deadline = now + 367*24*3600_000 },
			"107 starts_at: it is not before the deadline":                   func(b *throng.Bonus) { b.StartsAt = b.Deadline },
			"107 starts_at: milliseconds since 1970":                         func(b *throng.Bonus) { b.StartsAt = -1 },
			"107 tolerance_ms: it goes from 0 to 60000":                      func(b *throng.Bonus) { b.Tolerance = 60_001 },
			"107 data: 16385 bytes are more than":                            func(b *throng.Bonus) { b.Data = []byte(strings.Repeat("1", 16<<10+1)) },
			"107 id: it has at most 128 bytes":                               func(b *throng.Bonus) { b.ID = strings.Repeat("b", 129) },
			"107 id: it has at most 128 bytes and no control":                func(b *throng.Bonus) { b.ID = "a\nb" },
			"107 audience.users: the list is empty":                          func(b *throng.Bonus) { b.Audience.Users = []string{} },
			"107 audience.users: 4 are more than the 3":                      func(b *throng.Bonus) { b.Audience.Users = []string{"a", "b", "c", "d"} },
			"107 audience.users: an id has 1 to 1024 bytes":                  func(b *throng.Bonus) { b.Audience.Users = []string{""} },
			"107 audience.channel: it is not the name":                       func(b *throng.Bonus) { b.Audience.Channel = "@user:ann" },
			"102 audience.channel: its namespace \"what\" is not configured": func(b *throng.Bonus) { b.Audience.Channel = "what:1" },
			"107 audience: nobody records who is here":                       func(b *throng.Bonus) { b.Audience.PresentAt = now },
			"107 audience.present_at: it is not before the deadline":         func(b *throng.Bonus) { b.Audience.PresentAt = b.Deadline },
			"107 audience.min_watched_ms: nobody can have watched so long":   func(b *throng.Bonus) { b.Audience.MinWatched, b.Audience.WatchedSince = 6000, now },
			"107 audience.watched_since: it goes with min_watched_ms":        func(b *throng.Bonus) { b.Audience.WatchedSince = 1 },
			"107 audience: times are not below 0":                            func(b *throng.Bonus) { b.Audience.MinWatched = -1 },
		} {
			b := throng.Bonus{ID: "b", Deadline: now + 5000, Audience: throng.Audience{Channel: "room:1"}}
			set(&b)
			code, text, _ := strings.Cut(want, " ")
			_, err := w.Create(w.Context(), b)
			if err == nil || fmt.Sprint(throng.AsError(err).Code) != code || !strings.Contains(err.Error(), text) {
				t.Errorf("%s\ngot %v", want, err)
			}
		}
		first := w.offer("b", func(b *throng.Bonus) { b.Quota = 5 })
		same := w.offer("b", func(b *throng.Bonus) { b.Quota = 5 })
		if same.CreatedAt != first.CreatedAt {
			t.Errorf("the same twice: %+v, %+v", first, same)
		}
		if _, err := w.Create(w.Context(), throng.Bonus{ID: "b", Deadline: now + 9000}); err != throng.ErrBonusExists {
			t.Errorf("another one of the same id: %v", err)
		}
		w.wantTold("room:1 bonus_offer")
		if made := w.offer("", nil); len(made.ID) != 32 {
			t.Errorf("its id is %q", made.ID)
		}
		if _, err := w.Create(w.Context(), throng.Bonus{ID: "c", Deadline: now + 5000}); err == nil || throng.AsError(err).Code != 106 {
			t.Errorf("one too many: %v", err)
		}
	})
}

// TestLostAnswer: a bonus that was kept, and nobody was told, is offered all the same, and
// not once more when it is created again.
func TestLostAnswer(t *testing.T) {
	bubble(t, func(w *world) {
		b := throng.Bonus{ID: "b", Deadline: w.clock.Now() + 60_000, Audience: throng.Audience{Channel: "room:1"}}
		w.journal.lose("b")
		if _, err := w.Create(w.Context(), b); err == nil || throng.AsError(err) != err || !throng.AsError(err).Temporary {
			t.Fatal(err)
		}
		w.wantTold("room:1 bonus_offer")
		time.Sleep(time.Second)
		for range 2 {
			if _, err := w.Create(w.Context(), b); err != nil {
				t.Fatal(err)
			}
		}
		w.wantTold()
		w.want(w.claim("b", "ann", ""), "won 1")
	})
}

// TestLongLostAnswer: when the store was away for longer than the desk asks, the first
// claim brings the bonus in, and it is offered by that.
func TestLongLostAnswer(t *testing.T) {
	bubble(t, func(w *world) {
		b := throng.Bonus{ID: "b", Deadline: w.clock.Now() + 60_000, Audience: throng.Audience{Channel: "room:1"}}
		w.journal.set(forgets)
		ctx, cancel := context.WithTimeout(w.Context(), time.Second)
		defer cancel()
		if _, err := w.Create(ctx, b); err == nil {
			t.Fatal("the bonus was created")
		}
		time.Sleep(20 * time.Second)
		w.journal.set(works)
		w.wantTold()
		w.want(w.claim("b", "ann", ""), "won 1")
		w.wantTold("@user:ann bonus_result", "room:1 bonus_offer")
		time.Sleep(time.Minute)
		w.wantTold("room:1 bonus_end")
	})
}

// TestCreatedTwiceAtOnce: a call that is repeated while the first is still at the store
// is answered like it, though it began later.
func TestCreatedTwiceAtOnce(t *testing.T) {
	bubble(t, func(w *world) {
		first, second := w.journal.gate(), w.journal.gate()
		b := throng.Bonus{ID: "b", Deadline: w.clock.Now() + 60_000, Audience: throng.Audience{Channel: "room:1"}}
		answers := make(chan throng.Bonus, 2)
		for range 2 {
			go func() {
				made, err := w.Create(w.Context(), b)
				if err != nil {
					t.Error(err)
				}
				answers <- made
			}()
			time.Sleep(10 * time.Millisecond)
		}
		close(first)
		one := <-answers
		close(second)
		if two := <-answers; two.CreatedAt != one.CreatedAt || two.StartsAt != one.StartsAt {
			t.Errorf("%+v, and %+v", one, two)
		}
		w.wantTold("room:1 bonus_offer")
	})
}

// TestWatchIsNeeded: what nobody records can't be asked for.
func TestWatchIsNeeded(t *testing.T) {
	attended(t, func(w *world, _ *attendance) {
		_, err := w.Create(w.Context(), throng.Bonus{ID: "b", Deadline: w.clock.Now() + 5000, Audience: throng.Audience{Channel: "vip:1", MinWatched: 1000}})
		if err == nil || !strings.Contains(err.Error(), `set watch = "exclusive" in its [[namespace]]`) {
			t.Error(err)
		}
	})
}

// TestWithoutStore: a desk without a store says so.
func TestWithoutStore(t *testing.T) {
	d := bonus.New(bonus.Options{Clock: throng.NewClock(), Publisher: new(channels)})
	defer d.Close(t.Context())
	d.Run(t.Context())
	d.Claim(bonus.Claim{Bonus: "b", User: "ann"}, func(_ throng.Judged, err error) {
		if err == nil || throng.AsError(err).Code != 108 {
			t.Error(err)
		}
	})
	if _, err := d.Create(t.Context(), throng.Bonus{}); err == nil || throng.AsError(err).Code != 108 {
		t.Error(err)
	}
	d.Event(&bonus.Event{User: "ann", Name: "bonus_list"}, func(ok bool, b []byte) {
		if ok || !strings.Contains(string(b), `"code":108`) {
			t.Errorf("%s", b)
		}
	})
}
