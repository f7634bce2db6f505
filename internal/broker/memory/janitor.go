package memory

import (
	"container/heap"
	"runtime"
	"sync/atomic"
	"time"

	"throng"
)

const (
	// visitBudget is how many publications the janitor frees before it lets go of
	// a shard's lock.
	visitBudget = 128
	// sweepPause is the least time between two sweeps, so that deadlines in a row
	// share one.
	sweepPause = 100 * time.Millisecond
	// longestSleep keeps a far deadline from overflowing a time.Duration; waking
	// up for nothing does no harm.
	longestSleep = 24 * 60 * 60 * 1000
)

// janitor is the goroutine that frees what is over in all shards. It sleeps until
// the earliest timer of all agendas, without end when there is none.
type janitor struct {
	clock *throng.Clock
	next  atomic.Int64  // when it will sweep
	early chan struct{} // next was set to an earlier time
	over  chan struct{} // the bound on memory is exceeded
	quit  chan struct{}
	ended chan struct{}
}

func newJanitor(clock *throng.Clock) *janitor {
	j := &janitor{
		clock: clock,
		early: make(chan struct{}, 1),
		over:  make(chan struct{}, 1),
		quit:  make(chan struct{}),
		ended: make(chan struct{}),
	}
	j.next.Store(never)
	return j
}

// expect asks for a sweep at due or earlier. It never blocks.
func (j *janitor) expect(due int64) {
	for {
		next := j.next.Load()
		if next <= due {
			return
		}
		if j.next.CompareAndSwap(next, due) {
			break
		}
	}
	select {
	case j.early <- struct{}{}:
	default: // it was told already and will read next after that
	}
}

// relieve asks for memory to be given back. It never blocks.
func (j *janitor) relieve() {
	select {
	case j.over <- struct{}{}:
	default:
	}
}

func (j *janitor) run(b *Broker) {
	defer close(j.ended)
	shards := b.shards
	for j.sleep(b) {
		// What is scheduled from here on, in a shard already passed, asks for the
		// next sweep.
		j.next.Store(never)
		for i := range shards {
			shards[i].sweep(j.clock)
			select {
			case <-j.quit:
				return
			default:
			}
		}
	}
}

// sleep returns when a sweep is due, or false when it is time to stop. Memory is
// given back meanwhile.
func (j *janitor) sleep(b *Broker) bool {
	rest := time.NewTimer(sweepPause)
	defer rest.Stop()
	for resting, over := true, j.over; resting; {
		select {
		case <-rest.C:
			resting = false
		case <-over:
			if !b.relieve(j.quit) {
				over = nil // there is nothing to give: not to be asked at every publish
			}
		case <-j.quit:
			return false
		}
	}
	for {
		wake := (<-chan time.Time)(nil)
		if next := j.next.Load(); next != never {
			rest.Reset(time.Duration(min(next-j.clock.Now(), longestSleep)) * time.Millisecond)
			wake = rest.C
		}
		select {
		case <-wake:
			return true
		case <-j.early:
		case <-j.over:
			if !b.relieve(j.quit) {
				return true // the sweep, if it is early, finds nothing and pauses
			}
		case <-j.quit:
			return false
		}
	}
}

func (j *janitor) stop() {
	close(j.quit)
	<-j.ended
}

// sweep visits what is due in the shard, in short holds of its lock.
func (sh *shard) sweep(clock *throng.Clock) {
	for now := clock.Now(); sh.sweepSome(now); {
		// Who waits for the lock was woken by its release, but would find it taken
		// again by a janitor that is running already.
		runtime.Gosched()
	}
}

// sweepSome works for one budget and reports whether there is more to do.
func (sh *shard) sweepSome(now int64) bool {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	defer sh.report() // before the lock is free
	for work := 0; sh.agenda.next() <= now; {
		if work >= visitBudget {
			return true
		}
		t := heap.Pop(&sh.agenda).(*timer)
		work += 1 + t.owner.visit(sh, now)
	}
	if next := sh.agenda.next(); next != never {
		sh.broker.janitor.expect(next)
	}
	return false
}
