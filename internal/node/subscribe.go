package node

import (
	"context"
	"slices"
	"sync/atomic"

	"throng"
	"throng/internal/hub"
	"throng/internal/session"
)

// Subscribe implements session.Node. The order is what makes recovery whole:
// first the hub, which holds what is published from now on, then the broker's
// confirmation, then the history; Release lets flow what the history did not
// contain. Where there is no history, what came before the answer is held too: a
// client hears nothing of a channel before it hears that it subscribes to it.
func (n *Node) Subscribe(sub *session.Subscription, req session.SubscribeRequest) {
	keep := sub.Namespace().Retention // what the hub may keep for later must not hold the subscription
	positioned := req.Positioned && keep.Enabled()
	name := n.table(sub).Add(req.Channel, sub, hub.Encoding(req.Encoding), true)
	sub.SetChannel(name)
	to := sub.Session().Transport().Ref()
	s := n.spare(to.Loop)
	s.n, s.to, s.req = n, to, req
	s.answer.Class, s.answer.Token = sub.Class(), req.Token
	if !positioned && n.hub.Active(name) { // the rule, and without a closure
		s.done(session.SubscribeResult{}, nil)
	} else {
		n.hub.Ready(name, func(err error) {
			if err != nil || !positioned {
				s.done(session.SubscribeResult{}, err)
				return
			}
			n.readHistory(s, keep)
		})
	}
	if s.returned() {
		sub.Session().Subscribed(sub, &s.answer)
		*s = subscribing{}
		n.spares[to.Loop] = s
	}
}

// spare returns the loop's spare record of a subscribe, or a new one. One whose
// answer came before Subscribe returned is known to nobody any more and can serve
// again.
func (n *Node) spare(loop uint16) *subscribing {
	s := n.spares[loop]
	if s == nil {
		return new(subscribing)
	}
	n.spares[loop] = nil
	return s
}

func (n *Node) readHistory(s *subscribing, keep throng.Retention) {
	req := throng.HistoryRequest{Channel: s.req.Channel, Retention: keep, Since: s.req.Since}
	switch {
	case req.Since != nil:
		req.Limit = -1
	case s.req.Recent > 0:
		req.Limit, req.Reverse = s.req.Recent, true
	}
	n.broker.History(context.Background(), req, func(h throng.HistoryResult, err error) {
		r := session.SubscribeResult{Positioned: true, Position: h.Position}
		if req.Since == nil {
			slices.Reverse(h.Publications)
			r.Publications = h.Publications
		} else if h.Complete {
			r.Recovered, r.Publications = true, h.Publications
		}
		s.done(r, err)
	})
}

// subscribing is a subscribe under way. A broker in memory answers before
// Subscribe returns, and then the session is told on the spot; any other answer
// is posted.
type subscribing struct {
	n      *Node
	to     throng.Ref
	req    session.SubscribeRequest
	answer session.Subscribed
	state  atomic.Uint32
}

const (
	underWay uint32 = iota
	answered
	posting
)

func (s *subscribing) done(r session.SubscribeResult, err error) {
	s.answer.Result = r
	s.answer.Err = s.n.coded(err, "subscribe", s.req.Channel)
	if !s.state.CompareAndSwap(underWay, answered) {
		s.n.post(s.to, &s.answer)
	}
}

// returned reports whether the answer is there already; if not it will be posted.
func (s *subscribing) returned() bool {
	return !s.state.CompareAndSwap(underWay, posting)
}
