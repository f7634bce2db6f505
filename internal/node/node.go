// Package node is the verbs of one throng process: subscribe, publish, recover.
// It joins the hub, the broker and the namespaces behind the interface that
// sessions declare, and knows no driver.
package node

import (
	"context"
	"log/slog"
	"sync/atomic"

	"throng"
	"throng/internal/hub"
	"throng/internal/session"
)

// Namespaces finds a namespace by its name; nil when there is none.
type Namespaces func(name string) *throng.Namespace

// Post hands a message to the session behind a Ref. It is safe from anywhere.
type Post func(to throng.Ref, m any)

// Options are the parts that a node is made of.
type Options struct {
	Hub        *hub.Hub
	Broker     throng.Broker
	Namespaces Namespaces
	Post       Post
	Clock      *throng.Clock
	Log        *slog.Logger
}

// Node implements session.Node.
type Node struct {
	hub        *hub.Hub
	broker     throng.Broker
	namespaces Namespaces
	post       Post
	clock      *throng.Clock
	log        *slog.Logger
	refused    atomic.Uint64
	positions  PositionStats
	spares     [hub.MaxLoops]*subscribing // each touched by its loop only
}

var _ session.Node = (*Node)(nil)

// New makes a node.
func New(o Options) *Node {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Node{
		hub: o.Hub, broker: o.Broker, namespaces: o.Namespaces, post: o.Post, clock: o.Clock, log: o.Log,
	}
}

// Refused returns how many publishes were refused because a loop was too far
// behind.
func (n *Node) Refused() uint64 { return n.refused.Load() }

// coded returns what a client is told about an error. What has no code is
// ours, and is logged here, once.
func (n *Node) coded(err error, verb, channel string) *throng.Error {
	if err == nil {
		return nil
	}
	e := throng.AsError(err)
	if e == throng.ErrInternal {
		n.log.Error("broker failed", "verb", verb, "channel", channel, "error", err)
	}
	return e
}

// Namespace implements session.Node.
func (n *Node) Namespace(channel string) *throng.Namespace {
	return n.namespaces(throng.NamespaceOf(channel))
}

func (n *Node) table(sub *session.Subscription) *hub.Table {
	return n.hub.Table(int(sub.Session().Transport().Ref().Loop))
}

// Unsubscribe implements session.Node.
func (n *Node) Unsubscribe(sub *session.Subscription) {
	n.table(sub).Remove(sub.Channel(), sub.Index())
}

// CatchUp implements session.Node.
func (n *Node) CatchUp(sub *session.Subscription) {
	n.table(sub).CatchUp(sub.Channel(), sub.Index())
}

// Release implements session.Node.
func (n *Node) Release(sub *session.Subscription, at throng.Position) bool {
	if !sub.Positioned() {
		return n.table(sub).Flow(sub.Channel(), sub.Index())
	}
	return n.table(sub).Release(sub.Channel(), sub.Index(), at)
}

// Offset implements session.Node.
func (n *Node) Offset(sub *session.Subscription) uint64 {
	offset, _ := n.table(sub).Position(sub.Channel(), sub.Index())
	return offset
}

// Close ends the broker.
func (n *Node) Close(ctx context.Context) error { return n.broker.Close(ctx) }
