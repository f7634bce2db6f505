package auth_test

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"throng/internal/auth"
)

// All that is given is done, no more at once than there are processors, and no
// goroutine stays (TestMain looks).
func TestAside(t *testing.T) {
	v, err := auth.New(auth.Options{Secret: "0123456789abcdef0123456789abcdef"})
	if err != nil {
		t.Fatal(err)
	}
	const n = 1000
	var done sync.WaitGroup
	var now, most, sum atomic.Int64
	done.Add(n)
	for i := range n {
		ok := v.Aside(func() {
			defer done.Done()
			at := now.Add(1)
			for m := most.Load(); at > m && !most.CompareAndSwap(m, at); m = most.Load() {
			}
			runtime.Gosched()
			sum.Add(int64(i))
			now.Add(-1)
		})
		if !ok {
			t.Fatalf("no room for the %dth", i)
		}
	}
	done.Wait()
	if sum.Load() != n*(n-1)/2 {
		t.Errorf("the sum is %d", sum.Load())
	}
	if m := most.Load(); m > int64(runtime.GOMAXPROCS(0)) {
		t.Errorf("%d at once", m)
	}
}

// What waits is bounded, and there is room again when it is done.
func TestAsideBound(t *testing.T) {
	v, err := auth.New(auth.Options{Secret: goodSecret})
	if err != nil {
		t.Fatal(err)
	}
	hold := make(chan struct{})
	var done sync.WaitGroup
	wait := func() { <-hold; done.Done() }
	n := 0
	for ; n < 5000; n++ {
		done.Add(1)
		if !v.Aside(wait) {
			done.Done()
			break
		}
	}
	if want := 1024 + runtime.GOMAXPROCS(0); n != want {
		t.Errorf("%d were taken, want %d", n, want)
	}
	close(hold)
	done.Wait()
	done.Add(1)
	if !v.Aside(wait) {
		t.Fatal("no room afterwards")
	}
	done.Wait()
}
