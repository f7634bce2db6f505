package memory

// Stats is what a broker holds at one moment.
type Stats struct {
	// Subscribed is how many channels this node subscribes to.
	Subscribed int
	// Streams is how many channels have an epoch, with or without publications.
	Streams int
	// Keys is how many idempotency keys are remembered.
	Keys int
	// Publications is how many lie in windows.
	Publications int
	// Bytes is about the memory of streams and publications, which Options.MaxBytes
	// bounds.
	Bytes int64
	// EvictedPublications and EvictedStreams count what was given back because of
	// the bound, since the start.
	EvictedPublications, EvictedStreams uint64
	// Expired counts publications that a history was read without, because their
	// deadline had come.
	Expired uint64
}

// evicted counts what a shard gave back because of the bound.
type evicted struct{ publications, streams uint64 }

// load is what streams hold. Each shard keeps one, under its lock, so that
// counting costs the hot path two additions and no shared cache line.
type load struct {
	publications int
	bytes        int64
}

// Stats adds up the shards. They are locked one after the other, so the sum is
// of no single moment; it is meant for metrics.
func (b *Broker) Stats() Stats {
	var sum Stats
	for i := range b.shards {
		b.shards[i].addTo(&sum)
	}
	return sum
}
