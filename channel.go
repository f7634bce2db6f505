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

// UserNamespace is the namespace of users' own channels, "@user:" and the user. A user's
// clients are subscribed to it by the server, and may subscribe themselves; others'
// only if the server, or a token, subscribes them.
const UserNamespace = "@user"

// UserChannel returns a user's own channel; empty if there is none, because the user is
// not known or its id does not fit into a name.
func UserChannel(user string) string {
	if user == "" {
		return ""
	}
	if name := UserNamespace + ":" + user; CheckServerChannel(name) == nil {
		return name
	}
	return ""
}

// UserOf returns whose own channel it is, empty if it is none.
func UserOf(channel string) string {
	if user, found := strings.CutPrefix(channel, UserNamespace+":"); found {
		return user
	}
	return ""
}

// CheckClientChannel is CheckChannel for the client of a user, empty if that is not
// known: it may name the user's own channel too.
func CheckClientChannel(channel, user string) *Error {
	if user != "" && UserOf(channel) == user {
		return CheckServerChannel(channel)
	}
	return CheckChannel(channel)
}

// CheckServerChannel is CheckChannel for what the server does itself, and for what
// tokens name: users' own channels are among them.
func CheckServerChannel(channel string) *Error {
	if len(channel) <= MaxChannelBytes && len(channel) > len(UserNamespace)+1 && NamespaceOf(channel) == UserNamespace {
		channel = channel[1:]
	}
	return CheckChannel(channel)
}
