// Package phoenix is the wire of Phoenix Channels (docs/phoenix.md) as a
// pure codec: bytes of one WebSocket message in, one Message out, and appending
// encoders for everything a server says. It does no I/O and knows nothing about
// joins, timeouts or close codes; that is the gateway's.
//
// There are two versions of the text wire. Version 2 is an array,
//
//	[join_ref, ref, topic, event, payload]
//
// and has a binary form for payloads that are not JSON (binary.go). Version 1 is
// an object {topic, event, payload, ref}. What else a frame may have is ignored, by
// Phoenix's clients as here.
//
// A topic is what the rest of the tree calls a channel. A ref is chosen by the
// client and means nothing to the server, which echoes it. Phoenix keeps whatever
// JSON value it got; so refs travel here as raw JSON tokens, `"1"` or `5`, and
// nil is null.
//
// Payloads are never parsed, but they are checked: what the decoder accepts is
// JSON to the last byte, so that it can be written into other clients' frames as
// it stands.
package phoenix
