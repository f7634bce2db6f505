package hub

import "fmt"

// MaxHeld is the bound of what is held, for tests.
const MaxHeld = maxHeld

// Left says what a table without subscribers still holds.
func (t *Table) Left() string {
	if t.topics.len() == 0 && len(t.held) == 0 && !t.waiting() {
		return ""
	}
	return fmt.Sprintf("%d topics, %d held, nobody waits: %t", t.topics.len(), len(t.held), !t.waiting())
}

// Idle reports whether no topic waits for its turn.
func (t *Table) Idle() bool { return !t.waiting() }

// Places is how many members a channel has memory for, BlockPlaces by how many
// that grows at most.
func (t *Table) Places(channel string) int {
	tp := t.topic(channel)
	if tp == nil {
		return 0
	}
	n := cap(tp.members.first)
	if tp.members.rest != nil {
		n += len(tp.members.rest.at) * blockPlaces
	}
	return n
}

const BlockPlaces = blockPlaces

func (all *topics) len() (n int) {
	for i := range all {
		n += len(all[i].named)
	}
	return n
}
