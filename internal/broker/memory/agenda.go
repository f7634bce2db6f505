package memory

import "container/heap"

// agenda is a heap of timers, the earliest on top. Nobody may rely on a timer for
// correctness: readers judge deadlines by the clock, a timer only frees memory.
type agenda []*timer

// timer is a place in an agenda, part of the record that it stands for.
type timer struct {
	due   int64
	place int // index in the agenda plus one; 0 when it is not set
	owner visitor
}

// visitor is a record that wants to be looked at when its timer is due. The
// timer is no longer set then; visit sets it again if there is more to come. It
// returns how much work it was, in publications.
type visitor interface {
	visit(sh *shard, now int64) int
}

func newTimer(owner visitor) timer { return timer{owner: owner} }

func (t *timer) set() bool { return t.place != 0 }

// schedule sets a timer, anew if it is set already, and sees to it that the
// janitor comes in time.
func (sh *shard) schedule(t *timer, due int64) {
	t.due = due
	if t.set() {
		heap.Fix(&sh.agenda, t.place-1)
	} else {
		heap.Push(&sh.agenda, t)
	}
	sh.broker.janitor.expect(due)
}

func (a *agenda) cancel(t *timer) {
	if t.set() {
		heap.Remove(a, t.place-1)
	}
}

// next is when the earliest timer is due.
func (a agenda) next() int64 {
	if len(a) == 0 {
		return never
	}
	return a[0].due
}

// Len, Less, Swap, Push and Pop implement heap.Interface.

func (a agenda) Len() int { return len(a) }

func (a agenda) Less(i, j int) bool { return a[i].due < a[j].due }

func (a agenda) Swap(i, j int) {
	a[i], a[j] = a[j], a[i]
	a[i].place, a[j].place = i+1, j+1
}

func (a *agenda) Push(x any) {
	t := x.(*timer)
	*a = append(*a, t)
	t.place = len(*a)
}

func (a *agenda) Pop() any {
	last := len(*a) - 1
	t := (*a)[last]
	(*a)[last] = nil
	*a = (*a)[:last]
	t.place = 0
	if last == 0 {
		*a = nil // a quiet shard keeps no memory of a busy hour
	}
	return t
}
