package hub_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"throng"
	"throng/internal/hub"
)

// pages reads all pages and checks that none is larger than the limit and that
// nothing comes twice.
func pages(t *testing.T, h *hub.Hub, limit int, match func(string) bool) map[string]int {
	t.Helper()
	all, cursor := map[string]int{}, ""
	for {
		list, next := h.Page(cursor, limit, match)
		if len(list) > limit {
			t.Fatalf("a page of %d has %d", limit, len(list))
		}
		if len(list) < limit && next != "" {
			t.Fatalf("a page of %d has %d, and is not the last", limit, len(list))
		}
		for _, c := range list {
			if _, twice := all[c.Name]; twice {
				t.Fatalf("%s came twice", c.Name)
			}
			all[c.Name] = c.Subscribers
		}
		if cursor = next; cursor == "" {
			return all
		}
	}
}

func TestSubscribers(t *testing.T) {
	w := newWorld(t, 2, 1)
	want := func(n int) {
		t.Helper()
		if got := w.hub.Subscribers("c"); got != n {
			t.Errorf("%d subscribers, want %d", got, n)
		}
	}
	want(0)
	a, b, c := w.add(0, "c", false), w.add(1, "c", true), w.add(1, "c", false)
	w.add(1, "other", false)
	want(3)
	b.leave()
	want(2)
	a.leave()
	c.leave()
	want(0)
	w.add(0, "c", false)
	want(1)
}

func TestPage(t *testing.T) {
	w := newWorld(t, 2, 1)
	want := map[string]int{}
	for i := range 700 {
		name := fmt.Sprint("room:", i)
		want[name] = i%3 + 1
		for j := range want[name] {
			w.add(j%2, name, false)
		}
	}
	check := func(got, want map[string]int) {
		t.Helper()
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%d channels, want %d, or other counts", len(got), len(want))
		}
	}
	for _, limit := range []int{1, 7, 100, 699, 700, 701} {
		check(pages(t, w.hub, limit, nil), want)
	}
	sevens := func(name string) bool { return strings.HasSuffix(name, "7") }
	few := map[string]int{}
	for name, n := range want {
		if sevens(name) {
			few[name] = n
		}
	}
	check(pages(t, w.hub, 9, sevens), few)
	check(pages(t, w.hub, 9, func(string) bool { return false }), map[string]int{})
	for _, cursor := range []string{"x", "1", "256:", "-1:", ":a"} {
		if list, next := w.hub.Page(cursor, 10, nil); list != nil || next != "" || hub.IsCursor(cursor) {
			t.Errorf("cursor %q: %d channels, next %q", cursor, len(list), next)
		}
	}
}

// Who stays is in every walk, while others come and go and publishes go on.
func TestPageWhileOthersCome(t *testing.T) {
	const loops, stay = 4, 300
	w := newWorld(t, loops, 1)
	for i := range stay {
		w.add(0, fmt.Sprint("stay:", i), false)
	}
	stop := make(chan struct{})
	var all sync.WaitGroup
	for loop := 1; loop < loops; loop++ {
		all.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				m := w.add(loop, fmt.Sprint("stay:", i%(2*stay)), false)
				w.hub.Deliver(m.channel, &throng.Publication{})
				for w.boxes[loop].run(loop, 1) {
				}
				m.leave()
			}
		})
	}
	for range 50 {
		got := pages(t, w.hub, 17, func(name string) bool { return true })
		for i := range stay {
			if n := got[fmt.Sprint("stay:", i)]; n < 1 || n > loops {
				t.Fatalf("stay:%d has %d subscribers", i, n)
			}
		}
	}
	close(stop)
	all.Wait()
	for i := range stay {
		if n := w.hub.Subscribers(fmt.Sprint("stay:", i)); n != 1 {
			t.Errorf("stay:%d is left with %d", i, n)
		}
	}
}
