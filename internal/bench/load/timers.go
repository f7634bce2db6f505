package load

import (
	"container/heap"
	"slices"
)

// timer is something to be done for a client at a time. It is void when the
// client's generation is another one.
type timer struct {
	at   int64 // nanoseconds since the Unix epoch
	user int32 // index of the client
	gen  uint32
	kind timerKind
	of   uint16 // of which script
}

type timerKind uint8

const (
	timerHeartbeat timerKind = iota
	timerRetry
	timerRound
	timerThink
)

// timers are a heap.
type timers []timer

func (t timers) Len() int           { return len(t) }
func (t timers) Less(i, j int) bool { return t[i].at < t[j].at }
func (t timers) Swap(i, j int)      { t[i], t[j] = t[j], t[i] }

// Push implements heap.Interface.
func (t *timers) Push(x any) { *t = append(*t, x.(timer)) }

// Pop implements heap.Interface.
func (t *timers) Pop() any {
	last := len(*t) - 1
	x := (*t)[last]
	*t = (*t)[:last]
	return x
}

func (t *timers) add(x timer) { heap.Push(t, x) }

// due takes the next timer whose time has come.
func (t *timers) due(now int64) (x timer, ok bool) {
	if len(*t) == 0 || (*t)[0].at > now {
		return timer{}, false
	}
	return heap.Pop(t).(timer), true
}

// forget removes all timers of some kinds.
func (t *timers) forget(kinds ...timerKind) {
	*t = slices.DeleteFunc(*t, func(x timer) bool { return slices.Contains(kinds, x.kind) })
	heap.Init(t)
}
