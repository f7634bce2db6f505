package node

import (
	"context"

	"throng"
)

// History reads a part of a channel's window on behalf of the server itself. The
// request's retention is the namespace's. done is called as the broker's contract
// says.
func (n *Node) History(ctx context.Context, req throng.HistoryRequest, done func(throng.HistoryResult, error)) {
	ns := n.Namespace(req.Channel)
	if ns == nil {
		done(throng.HistoryResult{}, throng.ErrUnknownChannel)
		return
	}
	req.Retention = ns.Retention
	n.broker.History(ctx, req, done)
}

// RemoveHistory empties a channel's window. done is called as the broker's contract
// says.
func (n *Node) RemoveHistory(ctx context.Context, channel string, done func(error)) {
	if n.Namespace(channel) == nil {
		done(throng.ErrUnknownChannel)
		return
	}
	n.broker.RemoveHistory(ctx, channel, done)
}
