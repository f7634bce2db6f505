package throng

// Publication is one message of a channel. Once it was given to a broker it is
// shared by every loop and never changes.
type Publication struct {
	// Offset is the place in the channel's stream, counted from 1 within Epoch;
	// 0 and empty where the channel keeps no history.
	Offset uint64
	Epoch  string
	// Event is the Phoenix event it travels as; empty for wires without events.
	Event string
	// Data is JSON text, or any bytes when Binary is set.
	Data   []byte
	Binary bool
	// Time is when the broker accepted it, in Clock milliseconds.
	Time int64
	// Born is when this node was given it, in microseconds of its Clock; 0 where nobody
	// measures how long it takes. It stays in the process.
	Born int64
	// ExpiresAt is the deadline, in Clock milliseconds, from which on it is not
	// written any more; 0 means never.
	ExpiresAt int64
	// Urgent lets it go ahead of what waits of other channels that is not urgent. The
	// order within its channel stays.
	Urgent bool
	// Tags are the publisher's own labels; nil for none.
	Tags map[string]string
	// Publisher is the client that sent it; nil when it came from the server API.
	Publisher *ClientInfo
	// Exclude is a client that must not receive it; the zero ClientID for none.
	Exclude ClientID
}

// Expired reports whether the deadline has come at now (Clock milliseconds).
func (p *Publication) Expired(now int64) bool {
	return p.ExpiresAt != 0 && now >= p.ExpiresAt
}

// Timing is what a carrier of bytes has to know of a publication.
type Timing struct {
	// ExpiresAt, Born and Urgent are the publication's.
	ExpiresAt int64
	Born      int64
	Urgent    bool
}

// Timing returns what says when the publication may be written.
func (p *Publication) Timing() Timing { return Timing{p.ExpiresAt, p.Born, p.Urgent} }

// Position is a place in a channel's stream. Offset and epoch only mean
// something together: a new epoch starts counting anew, so an offset from
// another epoch says nothing.
type Position struct {
	Offset uint64 `json:"offset"`
	Epoch  string `json:"epoch"`
}

// Encoder turns a publication into the bytes of one wire, framed and ready to be
// written to a socket. It is called once per publication and node; the result is
// shared by all subscribers of all loops, so it must not depend on any of them.
// Implementations append to dst, keep nothing, and are safe for concurrent use.
type Encoder interface {
	Encode(dst []byte, channel string, p *Publication) []byte
}

// Sink is where a broker delivers what was published. Deliver is called in
// channel order, possibly under the broker's lock: it may only enqueue, and it
// never blocks.
type Sink interface {
	Deliver(channel string, p *Publication)
}
