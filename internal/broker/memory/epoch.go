package memory

import (
	"crypto/rand"
	"encoding/base64"
)

// newEpoch names a stream: 48 random bits in eight characters. Random rather than
// counted, so that a restarted process can't continue an epoch by accident.
func newEpoch() string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand.Read aborts the program instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}
