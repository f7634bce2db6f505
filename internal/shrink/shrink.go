// Package shrink deletes from maps so that their memory is given back. Go's maps
// keep the room of all that they ever held; where a name is an entry for as long
// as somebody is there, a busy evening would stay for ever.
package shrink

// Most is the largest number of entries that a map had since it was made.
type Most int

// small is a map that is never replaced: it has one group of entries.
const small = 8

// Delete deletes a key. A map of which more than three quarters are gone is
// replaced by one that fits, which copies less than what was deleted before: a
// delete costs the same on average, and the longest is that of a quarter of the
// largest number. A map that must never take long is one of many shards.
func Delete[K comparable, V any](m *map[K]V, most *Most, key K) {
	*most = max(*most, Most(len(*m))) // it grows between two deletes only
	delete(*m, key)
	if *most <= small || len(*m) >= int(*most)/4 {
		return
	}
	fit := make(map[K]V, len(*m))
	for k, v := range *m {
		fit[k] = v
	}
	*m, *most = fit, Most(len(fit))
}
