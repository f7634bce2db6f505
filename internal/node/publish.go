package node

import (
	"context"
	"time"

	"throng"
	"throng/internal/session"
)

// Publish implements session.Node.
func (n *Node) Publish(s *session.Session, req throng.PublishRequest, re session.Published) {
	p := &publishing{n: n, to: s.Transport().Ref(), answer: re}
	n.Send(context.Background(), req, p.done)
}

// publishing is a publish under way.
type publishing struct {
	n      *Node
	to     throng.Ref
	answer session.Published
}

func (p *publishing) done(r throng.PublishResult, err error) {
	p.answer.Result = r
	p.answer.Err = p.n.coded(err, "publish", p.answer.Channel)
	p.n.post(p.to, &p.answer)
}

// idempotencyTTL is how long a key given to Broadcast is remembered: longer than
// any sensible retry, short enough for the memory it takes.
const idempotencyTTL = 5 * time.Minute

// Broadcast publishes to a channel on behalf of the server itself. The
// namespace gives the retention. A key, if not empty, makes a repetition within
// five minutes publish nothing. done is called as the broker's contract says,
// and may be nil.
func (n *Node) Broadcast(ctx context.Context, channel string, p *throng.Publication, key string, done func(throng.PublishResult, error)) {
	if done == nil {
		done = func(throng.PublishResult, error) {}
	}
	ns := n.Namespace(channel)
	if ns == nil {
		done(throng.PublishResult{}, throng.ErrUnknownChannel)
		return
	}
	req := throng.PublishRequest{
		Channel: channel, Publication: p, Retention: ns.Retention,
		IdempotencyKey: key, IdempotencyTTL: idempotencyTTL,
	}
	n.Send(ctx, req, done)
}

// Send is the way of every publication into the broker. It may be called from
// anywhere. done is called as the broker's contract says.
func (n *Node) Send(ctx context.Context, req throng.PublishRequest, done func(throng.PublishResult, error)) {
	if n.hub.Busy(req.Channel) {
		n.refused.Add(1)
		done(throng.PublishResult{}, throng.ErrTooManyRequests)
		return
	}
	req.Publication.Born = n.clock.Micros()
	if ns := n.Namespace(req.Channel); ns != nil {
		p := req.Publication
		p.Urgent = p.Urgent || ns.Urgent
		if p.ExpiresAt == 0 && ns.PublicationTTL > 0 {
			p.ExpiresAt = n.clock.Now() + ns.PublicationTTL.Milliseconds()
		}
	}
	n.broker.Publish(ctx, req, done)
}
