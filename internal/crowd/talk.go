package crowd

import (
	"strconv"
	"strings"
)

func words(list string) []string { return strings.Fields(list) }

// talk is what people say.
const talk = `good evening
what a view
is anybody here?
lovely light tonight
the sea is calm
I could watch this for hours
hello from the train
who has an offer?
first time here
back again
that was quick
greetings from the north
what time is it with you?
the beam passes every few seconds
so many of us`

// says is a message as the page sends them.
func (p *person) says() map[string]string {
	lines := strings.Split(talk, "\n")
	return map[string]string{
		"from": p.name, "text": lines[p.dice.IntN(len(lines))],
		"id": strconv.FormatUint(p.dice.Uint64(), 36),
	}
}
