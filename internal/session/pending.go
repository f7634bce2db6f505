package session

// pending is what a session remembers of a subscribe whose answer is under way.
type pending struct {
	request SubscribeRequest
	// published are answers that came first. What the client published is held
	// with all else that came for the subscription, and goes before them.
	published []*Published
}

// ask takes a subscription into the session and gives it to the node.
func (s *Session) ask(sub *Subscription, req SubscribeRequest) {
	sub.next = s.subs
	s.subs = sub
	s.count++
	s.env.Node.Subscribe(sub, req)
	if sub.flags&(subPending|subEnded) == subPending {
		sub.pending = &pending{request: req}
	}
}
