package phoenix

import (
	"encoding/base64"

	"throng"
	codec "throng/internal/protocol/phoenix"
	"throng/internal/websocket"
)

// encoder writes publications as WebSocket frames of one version of the wire.
type encoder struct {
	version codec.Version
	offset  bool // the offset stands in the otherwise null ref
	event   string
}

// Encodings of the wire, counted from Options.Encoding.
const (
	encodingOffset = 1 << iota
	encodingV2
	encodings = 4
)

// Encoders returns the encoders that the hub needs for Phoenix sockets, in the
// order of their encodings. The event is that of publications without one.
func Encoders(event string) []throng.Encoder {
	all := make([]throng.Encoder, encodings)
	for i := range all {
		e := encoder{version: codec.V1, offset: i&encodingOffset != 0, event: event}
		if i&encodingV2 != 0 {
			e.version = codec.V2
		}
		all[i] = e
	}
	return all
}

// Encode implements throng.Encoder.
func (e encoder) Encode(dst []byte, channel string, p *throng.Publication) []byte {
	event := p.Event
	if event == "" {
		event = e.event
	}
	// A binary frame has no place for an offset. Who counts offsets gets the
	// data as text, so that no position is missed.
	if p.Binary && e.version == codec.V2 && !e.offset && codec.BinaryFits(nil, nil, channel, event) {
		start := len(dst)
		dst = append(dst, make([]byte, websocket.HeaderRoom)...)
		dst = codec.AppendBinaryBroadcast(dst, channel, event, p.Data)
		return websocket.Wrap(dst[start:], websocket.OpBinary)
	}
	var offset uint64
	if e.offset {
		offset = p.Offset
	}
	start := len(dst)
	dst = append(dst, make([]byte, websocket.HeaderRoom)...)
	dst = codec.AppendBroadcast(dst, e.version, offset, channel, event, payload(p))
	return websocket.Wrap(dst[start:], websocket.OpText)
}

// payload returns a publication's data as JSON, {} for none.
func payload(p *throng.Publication) []byte {
	switch {
	case !p.Binary && len(p.Data) == 0:
		return []byte("{}")
	case !p.Binary:
		return p.Data
	}
	const head, tail = `{"encoding":"base64","data":"`, `"}`
	b := make([]byte, 0, len(head)+base64.StdEncoding.EncodedLen(len(p.Data))+len(tail))
	b = append(b, head...)
	b = base64.StdEncoding.AppendEncode(b, p.Data)
	return append(b, tail...)
}
