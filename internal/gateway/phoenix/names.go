package phoenix

import codec "throng/internal/protocol/phoenix"

// WireName is the protocol and its version, for lists of connections.
func (s *Socket) WireName() string {
	if s.version == codec.V1 {
		return "phoenix 1.0.0"
	}
	return "phoenix 2.0.0"
}
