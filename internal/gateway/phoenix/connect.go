package phoenix

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"strings"

	codec "throng/internal/protocol/phoenix"
	"throng/internal/websocket"
)

// Connect is what a client says when it connects.
type Connect struct {
	Version codec.Version
	// Params are the parameters of the query, without vsn; nil if there are none.
	Params url.Values
	// Token is the auth token given as a subprotocol or, on long-poll, in a header
	// (Phoenix 1.8).
	Token string
	// Protocol is the subprotocol to answer, if any.
	Protocol string
}

// Version is a version of the wire.
type Version = codec.Version

// Credential is the connection token: the auth token, or the parameter "token".
func (c *Connect) Credential() string {
	if c.Token != "" {
		return c.Token
	}
	if given := c.Params["token"]; len(given) > 0 {
		return given[len(given)-1]
	}
	return ""
}

const tokenProtocol = "base64url.bearer.phx."

// ParseConnect reads an upgrade request. It says no, which is a 403 to the
// client, for a version that is not spoken here and for subprotocols of which
// none is known.
func ParseConnect(r *websocket.Request) (c Connect, ok bool) {
	if !c.readVersion(r.Query) && !c.readQuery(string(r.Query)) {
		return c, false
	}
	ok = c.readProtocols(r)
	return c, ok
}

// ParsePoll reads the first request of a long-poll: its query, and the auth token
// from the header X-Phoenix-AuthToken, which comes as it is.
func ParsePoll(query, token string) (c Connect, ok bool) {
	c.Token = token
	ok = c.readQuery(query)
	return c, ok
}

// readVersion reads the query of phoenix.js without parameters, without an allocation;
// it says no to any other.
func (c *Connect) readVersion(query []byte) bool {
	switch string(query) {
	case "vsn=2.0.0":
		c.Version = codec.V2
	case "vsn=1.0.0":
		c.Version = codec.V1
	default:
		return false
	}
	return true
}

func (c *Connect) readQuery(query string) (ok bool) {
	var unread error
	c.Params, unread = url.ParseQuery(query) // what can't be read is left out, as Phoenix does
	c.Version = codec.V1
	if unread != nil && !c.Params.Has("vsn") && strings.Contains(query, "vsn") {
		return false // a version was meant
	}
	if vsn, given := c.Params["vsn"]; given {
		if c.Version, ok = codec.ParseVersion(vsn[len(vsn)-1]); !ok || vsn[len(vsn)-1] == "" {
			return false
		}
		delete(c.Params, "vsn")
	}
	return true
}

func (c *Connect) readProtocols(r *websocket.Request) bool {
	offered, known := false, false
	for p := range r.Protocols {
		offered = true
		switch {
		case string(p) == "phoenix":
			c.Protocol, known = "phoenix", true
		case bytes.HasPrefix(p, []byte(tokenProtocol)):
			known = true
			c.Token = decodeToken(string(p[len(tokenProtocol):]))
		}
	}
	return known || !offered
}

// decodeToken reads base64 of either alphabet, padded or not: the client encodes
// with btoa and strips the padding.
func decodeToken(s string) string {
	s = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(s, "="))
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return ""
	}
	return string(b)
}
