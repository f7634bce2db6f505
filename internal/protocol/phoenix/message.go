package phoenix

// Message is one frame of a client. Its slices point into the decoded bytes or
// into the Decoder's scratch and are valid until either is used again.
type Message struct {
	// JoinRef and Ref are raw JSON tokens as they were sent, `"1"` or `5`; nil
	// for null and for an absent join_ref. The refs of a binary frame are quoted
	// here, so that they equal the same refs sent as text.
	JoinRef, Ref []byte
	// Topic and Event are unescaped and always UTF-8.
	Topic, Event []byte
	// Payload is JSON text as it was sent, white space and all; any bytes if
	// Binary is set.
	Payload []byte
	Binary  bool
}

// Heartbeat reports whether m is the client's sign of life, which goes to the
// server itself and to no channel. It may have any payload.
func (m *Message) Heartbeat() bool {
	return string(m.Topic) == "phoenix" && string(m.Event) == "heartbeat"
}
