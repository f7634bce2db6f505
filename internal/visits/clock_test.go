package visits_test

import (
	"testing"
	"time"

	"throng"
)

// TestClockSteps: if the store's clock is set, visits are cut in two where that was
// found out, and are together as long as they were.
func TestClockSteps(t *testing.T) {
	for _, by := range []time.Duration{time.Hour, -time.Hour, 2 * time.Second, -2 * time.Second} {
		t.Run(by.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				n := w.start("a")
				time.Sleep(time.Second)
				stays, leaves := n.come("ann"), n.come("bob")
				time.Sleep(30 * time.Second)
				leaves.End()
				time.Sleep(5*time.Second + 50*time.Millisecond) // between two beats
				w.set(by)
				time.Sleep(time.Minute - 50*time.Millisecond)
				stays.End()
				time.Sleep(time.Minute)
				sums := make(map[string]int64)
				reasons := make(map[throng.VisitReason]int)
				for _, v := range w.all() {
					sums[v.User] += v.EndedAt - v.StartedAt
					reasons[v.Reason]++
				}
				if sums["ann"] != 95*second || sums["bob"] != 30*second || reasons[throng.VisitMoved] == 0 {
					t.Errorf("together the visits are %v: %v", sums, reasons)
				}
				if got := n.Stats().Steps.Load(); got != 1 {
					t.Errorf("%d steps were found", got)
				}
				if online := w.online(); len(online) > 0 {
					t.Errorf("%v are online", online)
				}
				_ = n.drain()
			})
		})
	}
}

// A clock that drifts, or is off by less than a step, is followed slowly: visits get
// neither longer nor shorter by more than 500 ppm, and are not cut.
func TestClockDrifts(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		n := w.start("a")
		time.Sleep(time.Second)
		tab := n.come("ann")
		w.set(800 * time.Millisecond)
		for range 1000 {
			time.Sleep(time.Second)
			w.set(100 * time.Microsecond) // 100 ppm
		}
		if off := n.Stats().Offset.Load(); off < 400 || off > 900 {
			t.Errorf("the offset is %d ms", off)
		}
		tab.End()
		time.Sleep(time.Minute)
		list := w.all()
		if len(list) != 1 {
			t.Fatalf("there are %d visits", len(list))
		}
		if long := list[0].EndedAt - list[0].StartedAt; long < 1000*second || long > 1000*second+501 {
			t.Errorf("the visit has %d ms", long)
		}
		_ = n.drain()
	})
}

// Who asks for the store's time waits for nobody who counts visits.
func TestStoreTimeWaitsForNobody(t *testing.T) {
	n := idle()
	release := n.Hold()
	asked := make(chan int64, 1)
	go func() { asked <- n.StoreTime(1000) }()
	select {
	case at := <-asked:
		if at != 1000 {
			t.Errorf("the store was never there, and says %d", at)
		}
		release()
	case <-time.After(5 * time.Second):
		t.Error("it waits")
		release()
		<-asked
	}
}

// When the store's clock is set, its time is told anew.
func TestStoreTimeFollowsSteps(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		n := w.start("a")
		time.Sleep(time.Second)
		for _, by := range []time.Duration{0, time.Hour, -2 * time.Hour} {
			w.set(by)
			time.Sleep(10 * time.Second)
			if off := n.StoreTime(n.clock.Now()) - w.now(); off < -2 || off > 2 {
				t.Errorf("after a step of %s it is off by %d ms", by, off)
			}
		}
		_ = n.drain()
	})
}
