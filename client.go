package throng

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
)

// ClientID names one client session over all nodes: 128 random bits. The zero
// value names nobody.
type ClientID [16]byte

// NewClientID returns a fresh random id.
func NewClientID() (id ClientID) {
	_, _ = rand.Read(id[:]) // never fails: crypto/rand.Read aborts the program instead
	return id
}

// String returns the 32 hexadecimal digits of the id.
func (id ClientID) String() string { return hex.EncodeToString(id[:]) }

// MarshalText implements encoding.TextMarshaler.
func (id ClientID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *ClientID) UnmarshalText(b []byte) error {
	if hex.DecodedLen(len(b)) != len(id) {
		return errors.New("client id: want 32 hexadecimal digits")
	}
	_, err := hex.Decode(id[:], b)
	return err
}

// ClientInfo says who a client is.
type ClientInfo struct {
	// User is what a token or a hook said; empty for an anonymous client.
	User   string   `json:"user,omitempty"`
	Client ClientID `json:"client"`
	// Info is the application's own JSON about the connection; nil for none.
	Info []byte `json:"info,omitempty"`
}
