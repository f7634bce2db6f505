package events

import (
	"encoding/base64"
	"encoding/binary"
	"hash/fnv"
	"math/bits"

	"throng"
)

// An event's id is where all channels of its stream stand, so that a client which
// comes back with the last one it saw can be told what it missed. To clients it is
// opaque. It is, in base64 for URLs without padding:
//
//	version  1 byte
//	and for each channel
//	name     48 bits of the name's FNV-1a hash: the names stand in the request
//	offset   a uvarint
//	epoch    preceded by its length, a uvarint
//
// where uvarints are minimal.
const (
	idVersion = 1
	nameBytes = 6
)

// idEncoding has one text for each id: no padding, no spare bits.
var idEncoding = base64.RawURLEncoding.Strict()

// place is where one channel stands.
type place struct {
	name uint64
	at   throng.Position
}

// places are where channels stand.
type places []place

// hash is what an id names a channel by.
func hash(channel string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(channel)) // never fails
	sum := h.Sum64()
	return (sum ^ sum>>48) & (1<<48 - 1)
}

// find returns where a channel stands, nil if that is not known.
func (p places) find(channel string) *throng.Position {
	if len(p) == 0 {
		return nil
	}
	name := hash(channel)
	for i := range p {
		if p[i].name == name {
			return &p[i].at
		}
	}
	return nil
}

// appendPlace appends one channel of an id, not yet in base64.
func appendPlace(b []byte, name uint64, at throng.Position) []byte {
	var full [8]byte
	binary.BigEndian.PutUint64(full[:], name)
	b = append(b, full[8-nameBytes:]...)
	b = binary.AppendUvarint(b, at.Offset)
	b = binary.AppendUvarint(b, uint64(len(at.Epoch)))
	return append(b, at.Epoch...)
}

// appendID appends the id of a stream with one channel.
func appendID(dst []byte, channel string, at throng.Position) []byte {
	var room [64]byte
	return idEncoding.AppendEncode(dst, appendPlace(append(room[:0], idVersion), hash(channel), at))
}

// String returns the id.
func (p places) String() string {
	b := []byte{idVersion}
	for i := range p {
		b = appendPlace(b, p[i].name, p[i].at)
	}
	return idEncoding.EncodeToString(b)
}

// parseID accepts only what String writes. Anything else comes from elsewhere, and
// says nothing.
func parseID(id string) (p places, ok bool) {
	b, err := idEncoding.DecodeString(id)
	if err != nil || idEncoding.EncodedLen(len(b)) != len(id) || len(b) == 0 || b[0] != idVersion {
		return nil, false // base64 passes over line breaks, which make it longer
	}
	for b = b[1:]; len(b) > 0; {
		var one place
		if b, ok = one.read(b); !ok {
			return nil, false
		}
		p = append(p, one)
	}
	return p, true
}

// read takes one channel off the front of an id.
func (p *place) read(b []byte) (rest []byte, ok bool) {
	if len(b) < nameBytes {
		return nil, false
	}
	var full [8]byte
	copy(full[8-nameBytes:], b)
	p.name = binary.BigEndian.Uint64(full[:])
	if p.at.Offset, b, ok = readUvarint(b[nameBytes:]); !ok {
		return nil, false
	}
	n, b, ok := readUvarint(b)
	if !ok || n > uint64(len(b)) {
		return nil, false
	}
	p.at.Epoch = string(b[:n])
	return b[n:], true
}

// readUvarint accepts the shortest form only.
func readUvarint(b []byte) (v uint64, rest []byte, ok bool) {
	v, n := binary.Uvarint(b)
	if n <= 0 || n != max(1, (bits.Len64(v)+6)/7) {
		return 0, nil, false
	}
	return v, b[n:], true
}
