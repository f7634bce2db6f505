package hub

import "fmt"

// MaxHeld is the bound of what is held, for tests.
const MaxHeld = maxHeld

// Left says what a table without subscribers still holds.
func (t *Table) Left() string {
	if len(t.topics) == 0 && len(t.held) == 0 && t.turns.empty() {
		return ""
	}
	return fmt.Sprintf("%d topics, %d held, %d turns", len(t.topics), len(t.held), len(t.turns.topics)-t.turns.head)
}
