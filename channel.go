package throng

import (
	"strings"
	"unicode/utf8"
)

// MaxChannelBytes is the longest channel name, in bytes.
const MaxChannelBytes = 255

// DefaultNamespace is the namespace of channels without a colon in their name.
const DefaultNamespace = "default"

// NamespaceOf returns the name of the namespace that a channel belongs to: what
// stands before the first colon, or DefaultNamespace where there is none.
func NamespaceOf(channel string) string {
	if i := strings.IndexByte(channel, ':'); i >= 0 {
		return channel[:i]
	}
	return DefaultNamespace
}

// CheckChannel reports why a client may not use a channel name: it is empty, too
// long, not UTF-8, contains control characters, or starts with "@", which marks
// the server's own channels.
func CheckChannel(channel string) *Error {
	switch {
	case channel == "" || len(channel) > MaxChannelBytes || !utf8.ValidString(channel):
		return ErrBadRequest
	case channel[0] == '@':
		return ErrPermissionDenied
	}
	for i := 0; i < len(channel); i++ {
		if channel[i] < 0x20 || channel[i] == 0x7f {
			return ErrBadRequest
		}
	}
	return nil
}

// UserNamespace is the namespace of users' own channels, "@user:" and the user.
// Clients are in them only if the server, or a token, subscribes them.
const UserNamespace = "@user"

// CheckServerChannel is CheckChannel for what the server does itself, and for what
// tokens name: users' own channels are among them.
func CheckServerChannel(channel string) *Error {
	if len(channel) <= MaxChannelBytes && len(channel) > len(UserNamespace)+1 && NamespaceOf(channel) == UserNamespace {
		channel = channel[1:]
	}
	return CheckChannel(channel)
}
