package config

import "strings"

// nearest returns the known key that word was probably meant to be, or "". It
// compares whole keys, taking "." and "_" for the same, and the last parts
// alone: a setting in the wrong section, or without one, is found too.
func nearest(word string, known []string) string {
	flat := strings.NewReplacer(".", "_")
	word, last := flat.Replace(word), lastPart(word)
	best, least := "", len(word)/4+2
	for _, key := range known {
		d := distance(word, flat.Replace(key))
		if tail := distance(last, lastPart(key)); tail <= len(last)/4 {
			d = min(d, tail+1)
		}
		if d < least {
			best, least = key, d
		}
	}
	return best
}

func lastPart(key string) string { return key[strings.LastIndexByte(key, '.')+1:] }

// distance counts the bytes to insert, delete, replace or swap with their
// neighbour to get from a to b (optimal string alignment).
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
