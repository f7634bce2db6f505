package bonus_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"throng"
	"throng/internal/bonus"
)

// TestRound: an offer from its announcement to the last who asks for it.
func TestRound(t *testing.T) {
	bubble(t, func(w *world) {
		w.channels.hear = w.isWritten
		w.offer("b", func(b *throng.Bonus) { b.Quota = 2 })
		w.wantTold("room:1 bonus_offer")
		p := w.channels.last["room:1 bonus_offer"]
		if !p.Urgent || p.ExpiresAt != w.clock.Now()+5000 {
			t.Errorf("the offer is not urgent, or does not end at the deadline: %+v", p)
		}
		want := fmt.Sprintf(`{"id":"b","data":{"text":"hello"},"quota":2,"starts_at":%[1]d,"deadline":%[2]d,"time":%[1]d}`, w.clock.Now(), w.clock.Now()+5000)
		w.want(string(p.Data), want)

		w.want(w.claim("b", "ann", "c1"), "won 1")
		w.wantTold("@user:ann bonus_result")
		w.want(w.claim("b", "ann", "c1"), "won 1")
		w.want(w.claim("b", "ann", "c2"), "already 1")
		w.want(w.claim("b", "ann", ""), "already 1")
		w.wantTold()
		w.want(w.claim("b", "bob", ""), "won 2")
		w.wantTold("@user:bob bonus_result", "room:1 bonus_end")
		w.want(string(w.channels.last["room:1 bonus_end"].Data), `{"id":"b","reason":"exhausted","claimed":2}`)
		w.want(w.claim("b", "bob", ""), "already 2")
		w.want(w.claim("b", "cid", ""), "exhausted")
		time.Sleep(6 * time.Second)
		w.wantTold()
		w.want(w.claim("b", "bob", ""), "already 2")
		w.want(w.claim("b", "cid", ""), "expired")
		w.want(w.claim("c", "ann", ""), "102")
		w.want(w.claim("b", "", ""), "101")
		w.want(w.claim("b", strings.Repeat("u", 1025), ""), "107")
		w.want(w.claim("b", "ann", strings.Repeat("c", 129)), "107")
	})
}

// isWritten fails the test if something is told that is not in the journal.
func (w *world) isWritten(channel string, p *throng.Publication) {
	var said struct {
		ID     string
		Reason throng.BonusEnd
	}
	if err := json.Unmarshal(p.Data, &said); err != nil {
		w.Error(err)
	}
	w.journal.mu.Lock()
	defer w.journal.mu.Unlock()
	b, user := w.journal.bonuses[said.ID], strings.TrimPrefix(channel, throng.UserNamespace+":")
	has := slices.ContainsFunc(w.journal.claims[said.ID], func(c throng.Claim) bool { return c.User == user })
	if b == nil || p.Event == "bonus_result" && !has || p.Event == "bonus_end" && b.End != said.Reason {
		w.Errorf("%s is told %s %s, and it is not written", channel, p.Event, p.Data)
	}
}

// TestDeadline: a claim counts by when it arrived, not by when it is judged, to the
// millisecond.
func TestDeadline(t *testing.T) {
	bubble(t, func(w *world) {
		made := w.offer("b", func(b *throng.Bonus) { b.Tolerance, b.Deadline, b.StartsAt = 50, b.Deadline+1000, w.clock.Now()+1000 })
		w.wantTold() // not yet
		w.want(w.claim("b", "early", ""), "not_yet")
		time.Sleep(time.Second)
		w.wantTold("room:1 bonus_offer")
		w.want(w.claim("b", "first", ""), "won 1")
		last := made.Deadline + 50
		time.Sleep(time.Duration(last-w.clock.Now())*time.Millisecond - time.Millisecond)
		answers := make(chan string, 2)
		at := w.clock.Now() // the last millisecond
		time.Sleep(3 * time.Millisecond)
		for i, at := range []int64{at, at + 1} {
			w.Claim(bonus.Claim{Bonus: "b", User: fmt.Sprint("last", i), At: at, Channel: "room:1"}, func(j throng.Judged, err error) { answers <- textOf(j, err) })
			w.want(<-answers, []string{"won 2", "expired"}[i])
		}
		time.Sleep(50 * time.Millisecond)
		w.wantTold("@user:first bonus_result", "@user:last0 bonus_result", "room:1 bonus_end")
		w.want(string(w.channels.last["room:1 bonus_end"].Data), `{"id":"b","reason":"deadline","claimed":2}`)
		time.Sleep(time.Hour)
		w.wantTold()
		if _, _, remembered := w.Count(); remembered != 0 {
			t.Errorf("%d claims are remembered", remembered)
		}
		w.want(w.claim("b", "first", ""), "already 1") // from the store
		w.want(w.claim("b", "nobody", ""), "expired")
	})
}

// TestWithdrawn: what was claimed stays, nobody else gets it, and one that nobody heard of
// is not said to be over.
func TestWithdrawn(t *testing.T) {
	bubble(t, func(w *world) {
		w.offer("b", nil)
		w.want(w.claim("b", "ann", ""), "won 1")
		w.wantTold("@user:ann bonus_result", "room:1 bonus_offer")
		for range 2 { // once
			if b, err := w.End(w.Context(), "b"); err != nil || b.End != throng.BonusWithdrawn {
				t.Fatal(b, err)
			}
		}
		w.wantTold("room:1 bonus_end")
		w.want(string(w.channels.last["room:1 bonus_end"].Data), `{"id":"b","reason":"withdrawn","claimed":1}`)
		w.want(w.claim("b", "bob", ""), "expired")
		w.want(w.claim("b", "ann", ""), "already 1")
		w.offer("later", func(b *throng.Bonus) { b.StartsAt = w.clock.Now() + 2000 })
		if _, err := w.End(w.Context(), "later"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		w.wantTold()
	})
}

// TestDuplicates: 10,000 claims at once of one user are one, and hardly any reaches the
// store.
func TestDuplicates(t *testing.T) {
	bubble(t, func(w *world) {
		w.offer("b", func(b *throng.Bonus) { b.Quota = 10 })
		w.journal.slow = 20 * time.Millisecond
		got := make(chan string, 10_000)
		for i := range cap(got) {
			w.Claim(bonus.Claim{Bonus: "b", User: "ann", ID: fmt.Sprint(i % 2), At: w.clock.Now(), Channel: "room:1"}, func(j throng.Judged, err error) { got <- textOf(j, err) })
		}
		counts := make(map[string]int)
		for range cap(got) {
			counts[<-got]++
		}
		if counts["won 1"] != cap(got)/2 || counts["already 1"] != cap(got)/2 {
			t.Error(counts)
		}
		if n := w.Stats().Judged.Load(); n != 1 {
			t.Errorf("%d claims were judged by the store", n)
		}
		w.wantTold("@user:ann bonus_result", "room:1 bonus_offer")
	})
}

// TestMay: whether who asks may name a bonus is said by memory, and before anything else
// is said of it; who asks again does not reach the store.
func TestMay(t *testing.T) {
	bubble(t, func(w *world) {
		w.offer("b", nil)
		w.offer("vip", func(b *throng.Bonus) { b.Audience.Channel = "vip:1" })
		w.offer("old", func(b *throng.Bonus) { b.Audience.Channel = "vip:1" })
		w.offer("users", func(b *throng.Bonus) { b.Audience = throng.Audience{Users: []string{"ann"}} })
		rooms := func(channel string) error {
			if throng.NamespaceOf(channel) != "room" {
				return throng.ErrPermissionDenied
			}
			return nil
		}
		claim := func(id, want string) {
			t.Helper()
			j, err := w.Await(w.Context(), bonus.Claim{Bonus: id, User: "ann", At: w.clock.Now(), Trusted: true, May: rooms})
			w.want(textOf(j, err), want)
		}
		claim("b", "won 1")
		calls := w.journal.count()
		for range 3 {
			claim("b", "already 1")
			claim("vip", "103")
			claim("users", "103")
		}
		if n := w.journal.count() - calls; n != 0 {
			t.Errorf("the store was asked %d times", n)
		}
		claim("none", "102")
		time.Sleep(time.Hour) // they leave memory
		claim("old", "103")
		claim("b", "already 1")
		if n := len(w.journal.claims["vip"]) + len(w.journal.claims["old"]); n != 0 {
			t.Errorf("%d claims were granted", n)
		}
	})
}

// TestQueue: claims that wait are bounded, and those over it are told to come again.
func TestQueue(t *testing.T) {
	bubbleOf(t, bonus.Options{Queue: 100}, func(w *world) {
		w.offer("b", nil)
		w.journal.slow = time.Second
		got := make(chan string, 150)
		for i := range cap(got) {
			w.Claim(bonus.Claim{Bonus: "b", User: fmt.Sprint(i), At: w.clock.Now(), Channel: "room:1"}, func(j throng.Judged, err error) { got <- strings.Fields(textOf(j, err))[0] })
		}
		counts := make(map[string]int)
		for range cap(got) {
			counts[<-got]++
		}
		if counts["won"] != 100 || counts["111"] != 50 {
			t.Error(counts)
		}
		if _, waiting, _ := w.Count(); waiting != 0 {
			t.Errorf("%d claims wait", waiting)
		}
	})
}

// TestOrder: who came earlier is before who came later, whichever loop was quicker.
func TestOrder(t *testing.T) {
	bubble(t, func(w *world) {
		w.offer("b", nil)
		time.Sleep(10 * time.Millisecond)
		now := w.clock.Now()
		got := make(chan string, 4)
		for i, at := range []int64{3, 1, 2, 1} {
			w.Claim(bonus.Claim{Bonus: "b", User: fmt.Sprint(i), At: now + at - 4, Channel: "room:1"}, func(j throng.Judged, err error) {
				got <- fmt.Sprint(j.Claim.At-now+4, "=", j.Claim.Place)
			})
		}
		var all []string
		for range cap(got) {
			all = append(all, <-got)
		}
		w.want(strings.Join(all, " "), "1=1 1=2 2=3 3=4")
	})
}

// TestAway: while the store does not answer nobody waits for ever, what was asked is
// found out, and everybody is told the truth at last: also who did not name the claim.
func TestAway(t *testing.T) {
	for name, how := range map[string]trouble{"refuses": refuses, "forgets": forgets, "hangs": hangs} {
		for id, again := range map[string]string{"c": "won 1", "": "already 1"} {
			t.Run(name+" "+id, func(t *testing.T) {
				bubble(t, func(w *world) {
					w.offer("b", func(b *throng.Bonus) { b.Quota, b.Deadline = 1, b.Deadline+600_000 })
					w.channels.told()
					w.journal.set(how)
					began := time.Now()
					w.want(w.claim("b", "ann", id), "108")
					if took := time.Since(began); took < 5*time.Second || took > 11*time.Second {
						t.Errorf("the answer came after %v", took)
					}
					w.want(w.claim("b", "bob", id), "108")
					w.wantTold()
					w.journal.set(works)
					time.Sleep(11 * time.Second)
					w.wantTold("@user:ann bonus_result", "room:1 bonus_end")
					w.want(w.claim("b", "ann", id), again)
					w.want(w.claim("b", "bob", id), "exhausted")
				})
			})
		}
	}
}

// TestLost: of a batch whose answer is lost, all who have it by it are told that they won,
// without a claim's name too, and who had it before is not.
func TestLost(t *testing.T) {
	bubbleOf(t, bonus.Options{Remembered: 1}, func(w *world) {
		w.offer("b", nil)
		w.want(w.claim("b", "eve", ""), "won 1")
		w.want(w.claim("b", "old", ""), "won 2") // nobody remembers it
		w.wantTold("@user:eve bonus_result", "@user:old bonus_result", "room:1 bonus_offer")
		w.journal.set(forgets)
		got := make(chan string, 4)
		for _, c := range []bonus.Claim{{User: "ann"}, {User: "ann"}, {User: "bob", ID: "c"}, {User: "old"}} {
			c.Bonus, c.At, c.Channel = "b", w.clock.Now(), "room:1"
			w.Claim(c, func(j throng.Judged, err error) { got <- textOf(j, err) })
		}
		time.Sleep(10 * time.Millisecond)
		w.journal.set(works)
		for _, want := range []string{"won 3", "already 3", "won 4", "already 2"} {
			w.want(<-got, want)
		}
		w.wantTold("@user:ann bonus_result", "@user:bob bonus_result")
	})
}

// TestRestart: after a restart what is open goes on and is announced again, what was to
// start meanwhile is announced, what ended is not, and the journal is as it was.
func TestRestart(t *testing.T) {
	bubble(t, func(w *world) {
		w.offer("long", func(b *throng.Bonus) { b.Deadline += 60_000 })
		w.offer("short", nil)
		w.offer("meanwhile", func(b *throng.Bonus) { b.StartsAt = w.clock.Now() + 7000; b.Deadline += 60_000 })
		w.offer("later", func(b *throng.Bonus) {
			b.StartsAt = w.clock.Now() + 20_000
			b.Deadline += 60_000
			b.Audience.Channel = "room:2"
		})
		w.want(w.claim("long", "ann", "c"), "won 1")
		w.end()
		w.channels.told()
		time.Sleep(10 * time.Second)
		w.start()
		w.wantTold("room:1 bonus_offer", "room:1 bonus_offer")
		w.want(w.claim("long", "ann", "c"), "won 1")
		w.want(w.claim("long", "bob", "c"), "won 2")
		w.want(w.claim("short", "bob", "c"), "expired")
		w.want(w.claim("later", "bob", "c"), "not_yet")
		w.channels.told()
		time.Sleep(10 * time.Second)
		w.wantTold("room:2 bonus_offer")
		synctest.Wait()
	})
}
