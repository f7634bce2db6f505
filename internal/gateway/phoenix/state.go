package phoenix

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"throng"
	codec "throng/internal/protocol/phoenix"
	"throng/internal/session"
)

// state is all that a socket knows.
type state struct {
	Version codec.Version `json:"version"`
	Time    bool          `json:"time,omitempty"`
	Session session.State `json:"session"`
}

// ErrUnderWay says that answers are under way that a captured socket could not
// give.
var ErrUnderWay = errors.New("phoenix socket: answers are under way")

// Capture encodes the socket, for Restore in this process or another one. A join
// may be under way; the answer to an event can't be captured, and Capture says so.
func (s *Socket) Capture() ([]byte, error) {
	busy := s.owed != nil && len(s.owed.held) > 0 || s.Ended()
	s.Each(func(sub *session.Subscription) {
		busy = busy || sub.Inflight() > 0
	})
	if busy {
		return nil, ErrUnderWay
	}
	return json.Marshal(state{Version: s.version, Time: s.timed, Session: s.Session.Capture()})
}

// Restore reads a captured socket and returns what puts it on a connection. Its
// subscriptions go on where they were; the client notices nothing.
func (g *Gateway) Restore(captured []byte) (open func(Conn) *Socket, err error) {
	var st state
	d := json.NewDecoder(bytes.NewReader(captured))
	d.DisallowUnknownFields()
	if err := d.Decode(&st); err != nil {
		return nil, fmt.Errorf("phoenix socket: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("phoenix socket: more than one state")
	}
	if err := st.check(); err != nil {
		return nil, fmt.Errorf("phoenix socket: %w", err)
	}
	return func(c Conn) *Socket {
		s := g.Open(c, st.Version, Client{Time: st.Time})
		for i := range st.Session.Subs {
			sub := &st.Session.Subs[i]
			sub.Encoding = s.encoding(sub.WireFlags)
		}
		s.Session.Restore(st.Session)
		if !s.Ended() {
			s.Rearm()
		}
		return s
	}, nil
}

// check refuses what Capture does not write, above all what would not be JSON in
// a frame.
func (st *state) check() error {
	if st.Version != codec.V1 && st.Version != codec.V2 {
		return fmt.Errorf("unknown version %d", st.Version)
	}
	last := uint32(0)
	for i := range st.Session.Subs {
		sub := &st.Session.Subs[i]
		switch {
		case sub.Class <= last || sub.Class > st.Session.Class:
			return fmt.Errorf("channel %d has class %d", i, sub.Class)
		case sub.WireFlags&^flagsKept != 0:
			return fmt.Errorf("channel %d has flags %#x", i, sub.WireFlags)
		case !validRef(sub.Tag):
			return fmt.Errorf("channel %d has no valid join_ref", i)
		case sub.Request != nil && (sub.Request.Channel != sub.Channel || sub.Request.Tag != sub.Tag ||
			sub.Request.WireFlags != sub.WireFlags || !validRef(sub.Request.Token.Ref)):
			return fmt.Errorf("channel %d has another one's request", i)
		case !st.validChannel(sub):
			return fmt.Errorf("channel %d has no valid name", i)
		}
		last = sub.Class
	}
	return nil
}

// validChannel reports whether a subscription can be to its channel: the server, and
// tokens, may name more than a client.
func (st *state) validChannel(sub *session.SubState) bool {
	if sub.Server {
		return throng.CheckServerChannel(sub.Channel) == nil
	}
	return throng.CheckClientChannel(sub.Channel, st.Session.User()) == nil
}

// validRef reports whether a ref can stand in a frame: it is JSON, or nothing.
func validRef(ref string) bool {
	return ref == "" || json.Valid([]byte(ref)) && utf8.ValidString(ref)
}
