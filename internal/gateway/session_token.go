package gateway

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"

	"throng"
)

// sessionToken is what a client names its session by, a long-poll or a stream that was
// told one: where it is, and a secret without which nobody gets there.
type sessionToken struct {
	ref    throng.Ref
	secret [16]byte
}

const sessionTokenBytes = 2 + 4 + 4 + 16

// tokenEncoding has one text for each token: no padding, no spare bits.
var tokenEncoding = base64.RawURLEncoding.Strict()

func newSecret() (secret [16]byte) {
	_, _ = rand.Read(secret[:]) // never fails: crypto/rand.Read aborts the program instead
	return secret
}

func (t sessionToken) String() string {
	var b [sessionTokenBytes]byte
	binary.BigEndian.PutUint16(b[0:], t.ref.Loop)
	binary.BigEndian.PutUint32(b[2:], t.ref.Slot)
	binary.BigEndian.PutUint32(b[6:], t.ref.Gen)
	copy(b[10:], t.secret[:])
	return tokenEncoding.EncodeToString(b[:])
}

// parseSessionToken accepts only what String writes.
func parseSessionToken(s string) (t sessionToken, ok bool) {
	var b [sessionTokenBytes]byte
	if len(s) != tokenEncoding.EncodedLen(len(b)) {
		return t, false
	}
	if n, err := tokenEncoding.Decode(b[:], []byte(s)); err != nil || n != len(b) {
		return t, false // one with a line break is shorter than it looks
	}
	t.ref.Loop = binary.BigEndian.Uint16(b[0:])
	t.ref.Slot = binary.BigEndian.Uint32(b[2:])
	t.ref.Gen = binary.BigEndian.Uint32(b[6:])
	copy(t.secret[:], b[10:])
	return t, true
}

// matches compares secrets in a time that says nothing about them.
func (t sessionToken) matches(secret *[16]byte) bool {
	return subtle.ConstantTimeCompare(t.secret[:], secret[:]) == 1
}
