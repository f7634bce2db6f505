package api

import (
	"errors"
	"strconv"

	"throng"
)

// Ledger is what this node knows of the visits that are open here, before the store
// does.
type Ledger interface {
	// User returns with how many connections a user is here, 0 if it is not, and what
	// the node is called.
	User(user string) (node string, connections int)
}

// visit is one as it is told.
type visit struct {
	User      string `json:"user" doc:"The user."`
	Channel   string `json:"channel" doc:"The channel; empty for the whole service."`
	Kind      string `json:"kind" doc:"connected or watching."`
	Node      string `json:"node" doc:"The node where it was."`
	StartedAt int64  `json:"started_at" doc:"When it began, in milliseconds since 1970 by the store's clock."`
	EndedAt   int64  `json:"ended_at,omitempty" doc:"When it ended; not there while it is open."`
	MS        int64  `json:"ms" doc:"How long it was, in milliseconds; an open one up to now."`
	Reason    string `json:"reason,omitempty" doc:"How it ended: left, drained (its node was stopped), crashed (its node was no more; the end is its last sign of life), moved (it goes on as another one). Not there while it is open."`
}

// visitHeading is that of a table of visits.
var visitHeading = []string{"user", "channel", "kind", "node", "started_at", "ended_at", "ms", "reason"}

// cells implements line.
func (v *visit) cells(to []string) []string {
	return append(to, harmless(v.User), harmless(v.Channel), v.Kind, harmless(v.Node),
		stamp(v.StartedAt), stamp(v.EndedAt), strconv.FormatInt(v.MS, 10), v.Reason)
}

func (c *call) visit(of *throng.Visit) visit {
	until := of.EndedAt
	if until == 0 {
		until = max(c.opts.Clock.Now(), of.StartedAt) // the store's clock may be ahead of ours
	}
	return visit{
		User: of.User, Channel: of.Channel, Kind: nameOfKind(of.Kind), Node: of.Node,
		StartedAt: of.StartedAt, EndedAt: of.EndedAt, MS: until - of.StartedAt, Reason: string(of.Reason),
	}
}

// The names of kinds.
const (
	connectedKind = "connected"
	watchingKind  = "watching"
)

func nameOfKind(k throng.VisitKind) string {
	if k == throng.Watching {
		return watchingKind
	}
	return connectedKind
}

func kindOf(name string) (throng.VisitKind, *throng.Error) {
	switch name {
	case "", connectedKind:
		return throng.Connected, nil
	case watchingKind:
		return throng.Watching, nil
	}
	return 0, bad("kind: it is connected or watching")
}

// place says where visits are asked for.
type place struct {
	Channel    string `json:"channel,omitempty" doc:"Visits of this channel. Without it, those of the service as a whole: one for all channels and tabs together."`
	AnyChannel bool   `json:"any_channel,omitempty" doc:"Instead of channel: all channels, each by itself. Pages of all are for keys of all namespaces; another one names a channel, or takes visits_export."`
	Kind       string `json:"kind,omitempty" doc:"connected (the default): that the user was there; watching: that its client said that it shows the channel."`
}

// read checks a place. Unlike elsewhere the channel's namespace need not exist any
// more: visits outlive the configuration.
func (p *place) read(c *call) (throng.VisitKind, *throng.Error) {
	kind, err := kindOf(p.Kind)
	switch {
	case err != nil:
		return 0, err
	case p.Channel != "" && p.AnyChannel:
		return 0, bad("any_channel: it can't be with a channel")
	case p.Channel == "" && !p.AnyChannel && kind == throng.Watching:
		return 0, bad("kind: watching is of channels, so name one, or say any_channel")
	case p.Channel == "":
		return kind, nil
	}
	if err := checkChannel("channel", p.Channel); err != nil {
		return 0, err
	}
	return kind, c.key.reaches(p.Channel)
}

// whole refuses pages of all channels to a key that may know some of them: a page is
// cut, and the next one begins, at an entry that could be of another.
func (p *place) whole(c *call) *throng.Error {
	if p.AnyChannel && !allowed(c.key.Namespaces, Any) {
		return coded(throng.ErrPermissionDenied, "any_channel: the key %s has no right to all namespaces; name a channel", c.key.Name)
	}
	return nil
}

// sees reports whether the key may know what was in a channel; empty is the service.
func (c *call) sees(channel string) bool { return channel == "" || c.mine(channel) }

// namespaces are those of whose channels the key may know, nil for all.
func (c *call) namespaces() []string {
	if allowed(c.key.Namespaces, Any) {
		return nil
	}
	return append([]string{}, c.key.Namespaces...)
}

// records returns the books, or why there are none.
func (c *call) records() (throng.Records, *throng.Error) {
	if c.opts.Records == nil {
		return nil, coded(throng.ErrNotAvailable, "no visits are recorded here: store.kind is off, or visits.record is false")
	}
	return c.opts.Records, nil
}

// bookError is what a caller is told when the books could not be read.
func (c *call) bookError(err error, verb, channel string) *throng.Error {
	switch {
	case errors.Is(err, throng.ErrBadCursor):
		return bad("cursor: it is none of this list's")
	case errors.Is(err, throng.ErrNotAvailable):
		return coded(throng.ErrNotAvailable, "the store of visits could not be opened yet: the log says why")
	}
	return c.coded(err, verb, channel)
}

// How much lists answer.
const (
	usualEntries = 100
	maxEntries   = 1000
)

// listed is a page that was asked for.
type listed struct {
	Limit  int    `json:"limit,omitempty" doc:"The most entries in an answer, up to 1,000; 0 is 100."`
	Cursor string `json:"cursor,omitempty" doc:"Where to go on: next of the answer before."`
}

func (l *listed) page() (p throng.Page, err *throng.Error) {
	if l.Limit < 0 || l.Limit > maxEntries {
		return p, bad("limit: it goes from 0 to %d", maxEntries)
	}
	p = throng.Page{Cursor: l.Cursor, Limit: l.Limit}
	if p.Limit == 0 {
		p.Limit = usualEntries
	}
	return p, nil
}
