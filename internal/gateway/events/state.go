package events

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"throng"
	"throng/internal/session"
)

// state is all that a stream knows.
type state struct {
	Session session.State `json:"session"`
	// Presence says that the client wants to know who is there.
	Presence bool `json:"presence,omitempty"`
	// Time says that it wants the server's time now and then.
	Time bool `json:"time,omitempty"`
}

// ErrBeginning says that channels of a stream have not begun yet.
var ErrBeginning = errors.New("event stream: channels have not begun")

// Capture encodes the stream, for Restore in this process or another one.
func (s *Stream) Capture() ([]byte, error) {
	if s.resume != nil || s.Ended() {
		return nil, ErrBeginning
	}
	return json.Marshal(state{s.Session.Capture(), s.shows, s.timed})
}

// Restore reads a captured stream and returns what puts it on a conn. Its channels
// go on where they were; the client notices nothing.
func (g *Gateway) Restore(captured []byte) (open func(Conn) *Stream, err error) {
	var st state
	d := json.NewDecoder(bytes.NewReader(captured))
	d.DisallowUnknownFields()
	if err := d.Decode(&st); err != nil {
		return nil, fmt.Errorf("event stream: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("event stream: more than one state")
	}
	if err := st.check(); err != nil {
		return nil, fmt.Errorf("event stream: %w", err)
	}
	return func(c Conn) *Stream { return g.restore(c, &st) }, nil
}

// check refuses what Capture does not write.
func (st *state) check() error {
	last := uint32(0)
	for i := range st.Session.Subs {
		sub := &st.Session.Subs[i]
		switch {
		case sub.Class <= last || sub.Class > st.Session.Class:
			return fmt.Errorf("channel %d has class %d", i, sub.Class)
		case sub.Request != nil || sub.Tag != "" || sub.WireFlags&^(flagBegun|flagAside) != 0:
			return fmt.Errorf("channel %d is not a stream's", i)
		case sub.WireFlags&flagAside != 0 && (sub.Positioned || !sub.Server || throng.UserOf(sub.Channel) == ""):
			return fmt.Errorf("channel %d is not aside", i)
		case throng.CheckServerChannel(sub.Channel) != nil || !sub.Server && throng.CheckClientChannel(sub.Channel, st.Session.User()) != nil:
			return fmt.Errorf("channel %d has no valid name", i)
		}
		last = sub.Class
	}
	return nil
}

// restore goes on with a stream that has begun. Its channels have not, in this
// process: until they have, ids say where they stood.
func (g *Gateway) restore(c Conn, from *state) *Stream {
	st := from.Session
	s := &Stream{Conn: c, gw: g, spoke: c.Now(), shows: from.Presence, timed: from.Time}
	s.Init(&g.env, s, s, st.Client, nil)
	if len(st.Subs) > 0 {
		s.resume = &resume{left: len(st.Subs)}
	}
	for i := range st.Subs {
		sub := &st.Subs[i]
		sub.Encoding, sub.WireFlags = s.Encoding(), sub.WireFlags&flagAside
		if sub.Positioned {
			s.resume.places = append(s.resume.places, place{hash(sub.Channel), sub.Position})
		}
	}
	s.Session.Restore(st)
	s.Rearm()
	return s
}
