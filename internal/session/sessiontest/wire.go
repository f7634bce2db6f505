package sessiontest

import (
	"fmt"
	"strings"

	"throng"
	"throng/internal/session"
)

// Wire is a client's wire. Like a real one it ends the older subscription when a
// newer one to the same channel is answered.
type Wire struct {
	session.Session
	*Transport
	// Hook, if set, is called with each line before it is queued.
	Hook func(line string)
}

var _ session.Wire = (*Wire)(nil)

// New begins a session.
func New(e *session.Env, name throng.Ref, who throng.ClientInfo) *Wire {
	var id *throng.Identity
	if who.User != "" {
		id = &throng.Identity{User: who.User}
	}
	return NewIdentified(e, name, who.Client, id)
}

// NewIdentified begins the session of a client of which more is known.
func NewIdentified(e *session.Env, name throng.Ref, client throng.ClientID, id *throng.Identity) *Wire {
	w := &Wire{Transport: &Transport{Name: name}}
	w.Init(e, w, w.Transport, client, id)
	return w
}

func (w *Wire) say(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if w.Hook != nil {
		w.Hook(line)
	}
	w.SendScratch(append(w.Scratch(), line...), 0)
}

// Join subscribes as a client would.
func (w *Wire) Join(req session.SubscribeRequest) {
	ns, grant, err := w.Check(req.Channel, "")
	if err != nil {
		w.say("refused %s %s", req.Channel, err)
		return
	}
	req.Grant = grant
	w.Subscribe(ns, req)
}

// Encoding implements session.Wire.
func (w *Wire) Encoding() uint8 { return 0 }

// Rearm implements session.Wire; tests look at the time themselves.
func (w *Wire) Rearm() {}

// Subscribed implements session.Wire.
func (w *Wire) Subscribed(sub *session.Subscription, _ session.Token, r session.SubscribeResult, err *throng.Error) {
	switch {
	case err != nil:
		w.say("failed %s %s", sub.Channel(), err)
	case !r.Positioned:
		w.say("subscribed %s", sub.Channel())
	default:
		w.say("subscribed %s at %d recovered=%t%s", sub.Channel(), r.Position.Offset, r.Recovered, list(r.Publications))
	}
	w.Each(func(old *session.Subscription) {
		if old.Channel() == sub.Channel() && old.Class() < sub.Class() {
			w.say("replaced %s", sub.Channel())
			w.Unsubscribe(old)
		}
	})
}

func list(pubs []*throng.Publication) string {
	var b strings.Builder
	for _, p := range pubs {
		fmt.Fprintf(&b, " %d:%s", p.Offset, p.Data)
	}
	return b.String()
}

// Published implements session.Wire.
func (w *Wire) Published(_ *session.Subscription, t session.Token, r throng.PublishResult, err *throng.Error) {
	if err != nil {
		w.say("refused %s %s", t.Ref, err)
		return
	}
	w.say("published %s at %d", t.Ref, r.Position.Offset)
}

// Resumed implements session.Wire.
func (w *Wire) Resumed(sub *session.Subscription, missed []*throng.Publication) {
	w.say("resumed %s%s", sub.Channel(), list(missed))
}

// Unsubscribed implements session.Wire.
func (w *Wire) Unsubscribed(sub *session.Subscription, why *throng.Unsubscribe) {
	if why == throng.UnsubscribeInsufficient {
		w.say("resync %s", sub.Channel())
		return
	}
	w.say("unsubscribed %s %d", sub.Channel(), why.Code)
}

// Tell implements session.Wire.
func (w *Wire) Tell(sub *session.Subscription, event string, data []byte) {
	w.say("%s %s %s", event, sub.Channel(), data)
}

// Disconnect implements session.Wire.
func (w *Wire) Disconnect(d *throng.Disconnect) {
	w.say("disconnect %d", d.Code)
	w.End()
	w.Closed = true
}

// Encoder writes a publication as the line "channel offset:data".
type Encoder struct{}

// Encode implements throng.Encoder.
func (Encoder) Encode(dst []byte, channel string, p *throng.Publication) []byte {
	return fmt.Appendf(dst, "%s %d:%s", channel, p.Offset, p.Data)
}
