package crowd

import "strconv"

const (
	moods   = "Brisk Calm Clever Cosy Gentle Happy Keen Lucky Merry Nimble Quiet Sunny Swift Witty"
	animals = "Badger Crane Dormouse Finch Fox Heron Ibex Lynx Marten Otter Puffin Robin Seal Wren"
)

// nameOf is what the i-th is called: like the page's visitors, with a number, so that
// none is called like one of them.
func nameOf(i int) string {
	mood, animal := words(moods), words(animals)
	return mood[i%len(mood)] + " " + animal[i/len(mood)%len(animal)] + " " + strconv.Itoa(i+1)
}
