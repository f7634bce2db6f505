package phoenix

import (
	"encoding/base64"
	"slices"

	"throng"
	codec "throng/internal/protocol/phoenix"
	"throng/internal/websocket"
)

// encoder writes publications as messages of one version of the wire, in the form
// of one carriage.
type encoder struct {
	version  codec.Version
	carriage Carriage
	offset   bool // the offset stands in the otherwise null ref
	hide     bool // deadlines
	event    string
	compress Compression
}

// Encodings of the wire, counted from Options.Encoding.
const (
	encodingOffset = 1 << iota
	encodingV2
	encodingCarriage // this times the Carriage
	encodings        = encodingCarriage * carriages
)

// Encoders returns the encoders that the hub needs for Phoenix sockets, in the
// order of their encodings. The event is that of publications without one; deadlines are
// told unless they are to be hidden.
func Encoders(event string, z Compression, hideDeadlines bool) []throng.Encoder {
	all := make([]throng.Encoder, encodings)
	for i := range all {
		e := encoder{version: codec.V1, carriage: Carriage(i / encodingCarriage), offset: i&encodingOffset != 0, hide: hideDeadlines, event: event, compress: z}
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
	start := len(dst)
	dst = append(dst, make([]byte, websocket.HeaderRoom)...)
	// A binary frame has no place for an offset. Who counts offsets gets the
	// data as text, so that no position is missed.
	if p.Binary && e.version == codec.V2 && !e.offset && e.carriage != Text && codec.BinaryFits(nil, nil, channel, event) {
		dst = codec.AppendBinaryBroadcast(dst, channel, event, p.Data)
		return e.finish(dst[start:], websocket.OpBinary)
	}
	var offset uint64
	if e.offset {
		offset = p.Offset
	}
	if p.ExpiresAt == 0 || e.hide {
		dst = codec.AppendBroadcast(dst, e.version, offset, channel, event, payload(p))
	} else {
		dst = codec.AppendExpiring(dst, e.version, offset, p.ExpiresAt, channel, event, payload(p))
	}
	return e.finish(dst[start:], websocket.OpText)
}

// finish completes a frame. The hub keeps it for a while, so a compressed one must
// not keep what it was made of.
func (e encoder) finish(b []byte, op websocket.Opcode) []byte {
	out, from := e.compress.frame(e.carriage, b, op)
	if e.compress.compresses(e.carriage, b) {
		return slices.Clone(out[from:])
	}
	return out[from:]
}

// payload returns a publication's data as JSON, {} for none.
func payload(p *throng.Publication) []byte {
	switch {
	case !p.Binary && len(p.Data) == 0:
		return []byte("{}")
	case !p.Binary:
		return p.Data
	}
	return appendBase64(nil, p.Data)
}

// appendBase64 appends bytes as JSON, for who can't take them as they are.
func appendBase64(b, data []byte) []byte {
	const head, tail = `{"encoding":"base64","data":"`, `"}`
	b = slices.Grow(b, len(head)+base64.StdEncoding.EncodedLen(len(data))+len(tail))
	b = append(b, head...)
	b = base64.StdEncoding.AppendEncode(b, data)
	return append(b, tail...)
}
