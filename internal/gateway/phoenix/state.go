package phoenix

import (
	"encoding/json"
	"fmt"

	"throng"
	codec "throng/internal/protocol/phoenix"
	"throng/internal/session"
)

// state is all that a socket knows.
type state struct {
	Version codec.Version `json:"version"`
	Session session.State `json:"session"`
}

// Capture encodes the socket, for Restore in this process or another one.
func (s *Socket) Capture() ([]byte, error) {
	return json.Marshal(state{Version: s.version, Session: s.Session.Capture()})
}

// Restore puts a captured socket on a connection. Its subscriptions go on where
// they were; the client notices nothing.
func (g *Gateway) Restore(c Conn, captured []byte) (*Socket, error) {
	var st state
	if err := json.Unmarshal(captured, &st); err != nil {
		return nil, fmt.Errorf("phoenix socket: %w", err)
	}
	if st.Version != codec.V1 && st.Version != codec.V2 {
		return nil, fmt.Errorf("phoenix socket: unknown version %d", st.Version)
	}
	s := g.Open(c, st.Version, throng.ClientInfo{})
	for i := range st.Session.Subs {
		sub := &st.Session.Subs[i]
		sub.Encoding = s.encoding(sub.WireFlags)
	}
	s.Session.Restore(st.Session)
	return s, nil
}
