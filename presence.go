package throng

// The events that tell the clients of a channel who is there. They are publications
// without an offset and without a publisher, and only for wires that show presence.
const (
	// PresenceState is the whole list, by key.
	PresenceState = "presence_state"
	// PresenceDiff is what changed: joins and leaves.
	PresenceDiff = "presence_diff"
	// PresenceCount is how many there are, where they are too many to list.
	PresenceCount = "presence_count"
)

// Presence reports whether the publication tells who is in the channel.
func (p *Publication) Presence() bool {
	return p.Publisher == nil && p.Offset == 0 &&
		(p.Event == PresenceDiff || p.Event == PresenceCount || p.Event == PresenceState)
}
