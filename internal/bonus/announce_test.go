package bonus_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"throng"
	"throng/internal/bonus"
)

// TestOfferBeforeEnd: of users who are told of an offer one after the other, nobody hears
// who has it, or that it is over, before the offer: also when the first one was so quick
// that it is over by then.
func TestOfferBeforeEnd(t *testing.T) {
	for name, over := range map[string]func(w *world){
		"exhausted": func(w *world) { w.want(w.claim("b", "user0", ""), "won 1") },
		"withdrawn": func(w *world) {
			if _, err := w.End(w.Context(), "b"); err != nil {
				w.Error(err)
			}
		},
		"deadline": func(*world) { time.Sleep(time.Minute) },
	} {
		for _, in := range []time.Duration{0, time.Second} { // by Create, and by Run
			t.Run(fmt.Sprint(name, " ", in), func(t *testing.T) {
				bubble(t, func(w *world) {
					var later atomic.Bool
					free := make(chan struct{})
					w.channels.hear = func(string, *throng.Publication) {
						if !later.Swap(true) {
							<-free
						}
					}
					now := w.clock.Now()
					b := throng.Bonus{ID: "b", Quota: 1, Deadline: now + 5000, StartsAt: now + in.Milliseconds()}
					for i := range 20 {
						b.Audience.Users = append(b.Audience.Users, fmt.Sprint("user", i))
					}
					go func() { _, _ = w.Create(w.Context(), b) }()
					time.Sleep(in)
					synctest.Wait()
					over(w)
					synctest.Wait()
					close(free)
					time.Sleep(time.Second)
					told := make(map[string][]string)
					for _, line := range w.channels.inOrder() {
						channel, event, _ := strings.Cut(line, " ")
						told[channel] = append(told[channel], event)
					}
					for _, user := range b.Audience.Users {
						want := []string{"bonus_offer", "bonus_end"}
						if name == "exhausted" && user == "user0" {
							want = []string{"bonus_offer", "bonus_result", "bonus_end"}
						}
						if got := told[throng.UserNamespace+":"+user]; !slices.Equal(got, want) {
							t.Errorf("%s was told %q", user, got)
						}
					}
				})
			})
		}
	}
}

// TestEndElsewhere: what another node offers, and this one withdraws before it has looked,
// is not announced here.
func TestEndElsewhere(t *testing.T) {
	bubbleOf(t, bonus.Options{Look: 2 * time.Second}, func(w *world) {
		n := w.neighbour()
		defer n.end()
		n.offer("b", func(b *throng.Bonus) { b.Deadline += 60_000 })
		read := make(chan struct{})
		w.journal.hold(read) // w has read that it is live, and is slow to take it in
		time.Sleep(2 * time.Second)
		w.journal.hold(nil)
		if _, err := w.End(w.Context(), "b"); err != nil {
			t.Fatal(err)
		}
		close(read)
		w.wantTold()
		time.Sleep(3 * time.Second)
		w.wantTold()
		n.wantTold("room:1 bonus_end", "room:1 bonus_offer")
	})
}

// TestAnnouncer: a channel that is too busy is told later, in order, and not for ever;
// others are told at once.
func TestAnnouncer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		busy, told := true, []string(nil)
		a := bonus.NewAnnouncer(func(channel string, p *throng.Publication, done func(error)) {
			mu.Lock()
			refused := channel == "busy" && busy
			if !refused && channel != "none" {
				told = append(told, channel+" "+p.Event)
			}
			mu.Unlock()
			switch {
			case channel == "none":
				done(throng.ErrUnknownChannel)
			case refused:
				done(throng.ErrTooManyRequests)
			default:
				done(nil)
			}
		}, slog.New(slog.DiscardHandler))
		set := func(to bool) {
			mu.Lock()
			defer mu.Unlock()
			busy = to
		}
		tell := func(channel string, events ...string) {
			for _, e := range events {
				a.Publish(channel, &throng.Publication{Event: e})
			}
		}
		after := func(d time.Duration, want ...string) {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if !slices.Equal(told, want) {
				t.Errorf("told %q, want %q", told, want)
			}
			told = nil
		}
		tell("busy", "offer")
		time.Sleep(350 * time.Millisecond)
		set(false)
		tell("busy", "end") // it would be taken now
		tell("none", "offer", "end")
		tell("idle", "offer", "end")
		after(0, "idle offer", "idle end")
		after(50*time.Millisecond, "busy offer", "busy end")
		tell("busy", "next")
		after(0, "busy next")

		set(true)
		tell("busy", "1", "2", "3")
		after(5050 * time.Millisecond) // it gives up
		set(false)
		tell("busy", "4")
		after(0, "busy 4")
	})
}
