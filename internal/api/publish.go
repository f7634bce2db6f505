package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"throng"
)

// content is what is published.
type content struct {
	Data           json.RawMessage   `json:"data,omitempty" doc:"What is published: any JSON."`
	B64Data        *string           `json:"b64data,omitempty" doc:"Instead of data: base64 of any bytes."`
	Event          string            `json:"event,omitempty" doc:"The Phoenix event; empty for the default one."`
	Tags           map[string]string `json:"tags,omitempty" doc:"Labels that travel with the publication."`
	SkipHistory    bool              `json:"skip_history,omitempty" doc:"Deliver to those who are there, and do not store: such a publication has no offset."`
	IdempotencyKey string            `json:"idempotency_key,omitempty" doc:"A repetition within five minutes publishes nothing to the same channel, and gets the first answer. At most 512 bytes."`
	TTL            int64             `json:"ttl_ms,omitempty" doc:"After so many milliseconds the publication is not delivered any more. 0 leaves it to the namespace."`
	ExpiresAt      int64             `json:"expires_at,omitempty" doc:"Instead of ttl_ms: when, in milliseconds since 1970; at most ten years from now."`
	Urgent         bool              `json:"urgent,omitempty" doc:"It goes ahead of what waits of other channels and is not urgent, and is the last to be dropped when a client is slow. The order within its channel stays."`
	Exclude        string            `json:"exclude,omitempty" doc:"The id of a client that does not get it, such as the one that caused it."`
	Delta          bool              `json:"delta,omitempty" doc:"Accepted; no client here has agreed on deltas."`
	Version        uint64            `json:"version,omitempty" doc:"Not available: error 108."`
	VersionEpoch   string            `json:"version_epoch,omitempty" doc:"Not available: error 108."`
}

const (
	// maxTTL keeps the deadline within what a clock can say: ten years.
	maxTTL   = 10 * 365 * 24 * 3600 * 1000
	maxEvent = 255
	maxKey   = 512
	// keyTTL is how long an idempotency key is remembered: as long as Centrifugo does.
	keyTTL = 5 * time.Minute
)

// publication returns what is to be published. Each channel gets one of its own;
// they share the data.
func (q *content) publication(now int64, maxData int) (*throng.Publication, *throng.Error) {
	p := &throng.Publication{Event: q.Event, Data: q.Data, Tags: q.Tags, ExpiresAt: q.ExpiresAt, Urgent: q.Urgent}
	if q.Data != nil && q.B64Data != nil && *q.B64Data == "" {
		q.B64Data = nil // libraries send both, one of them empty
	}
	switch {
	case q.Data == nil && q.B64Data == nil:
		return nil, bad("data: something to publish is needed, or b64data")
	case q.Data != nil && q.B64Data != nil:
		return nil, bad("b64data: it comes instead of data")
	case q.B64Data != nil:
		b, err := base64.StdEncoding.DecodeString(*q.B64Data)
		if err != nil {
			return nil, bad("b64data: it is not base64")
		}
		p.Data, p.Binary = b, true
	}
	if n := sizeOf(p); n > maxData {
		return nil, coded(throng.ErrLimitExceeded, "data: %d bytes, with tags, are more than the %d that clients' queues have room for", n, maxData)
	}
	if q.TTL > 0 {
		p.ExpiresAt = now + q.TTL
	}
	if q.ExpiresAt > now+maxTTL {
		return nil, bad("expires_at: it is at most ten years from now, in milliseconds since 1970")
	}
	if q.Exclude != "" && p.Exclude.UnmarshalText([]byte(q.Exclude)) != nil {
		return nil, bad("exclude: a client's id has 32 hexadecimal digits")
	}
	return p, q.check()
}

// sizeOf is how many bytes a publication's data and tags have.
func sizeOf(p *throng.Publication) int {
	n := len(p.Data)
	for k, v := range p.Tags {
		n += len(k) + len(v)
	}
	return n
}

// check reports what is wrong with the rest.
func (q *content) check() *throng.Error {
	switch {
	case len(q.Event) > maxEvent:
		return bad("event: a name has at most %d bytes", maxEvent)
	case strings.HasPrefix(q.Event, "phx_") || strings.HasPrefix(q.Event, "presence_"):
		return bad("event: names that begin with phx_ or presence_ are the protocol's own")
	case q.TTL < 0 || q.TTL > maxTTL:
		return bad("ttl_ms: it goes from 0 to %d", int64(maxTTL))
	case q.ExpiresAt < 0:
		return bad("expires_at: milliseconds since 1970 are needed")
	case q.TTL > 0 && q.ExpiresAt > 0:
		return bad("expires_at: it comes instead of ttl_ms")
	case len(q.IdempotencyKey) > maxKey:
		return bad("idempotency_key: it has at most %d bytes", maxKey)
	case q.Version != 0 || q.VersionEpoch != "":
		return coded(throng.ErrNotAvailable, "version: publications are ordered as they come")
	}
	return nil
}

// request makes the broker's request for one channel.
func (q *content) request(channel string, p *throng.Publication) throng.PublishRequest {
	return throng.PublishRequest{
		Channel: channel, Publication: p, SkipHistory: q.SkipHistory,
		IdempotencyKey: q.IdempotencyKey, IdempotencyTTL: keyTTL,
	}
}

// placing is a publication on its way to one channel.
type placing struct {
	c       *call
	channel string
	result  publishResult
	done    chan placed
}

type placed struct {
	result throng.PublishResult
	err    error
}

// place gives a publication to the node. Those of one call to one channel take
// effect in the order of their calls.
func (c *call) place(req throng.PublishRequest) *placing {
	pl := &placing{c: c, channel: req.Channel, done: make(chan placed, 1)}
	req.Retention = c.opts.Node.Namespace(req.Channel).Retention
	pl.result.Connections = c.opts.Channels.Subscribers(req.Channel)
	// What has begun is done also when the client is gone.
	c.opts.Node.Send(context.Background(), req, func(r throng.PublishResult, err error) { pl.done <- placed{r, err} })
	return pl
}

// wait returns where the publication was placed.
func (pl *placing) wait() (*publishResult, *throng.Error) {
	var d placed
	select {
	case d = <-pl.done:
	default:
		select {
		case d = <-pl.done:
		case <-time.After(patience):
			return nil, coded(throng.ErrInternal, "the broker has not answered; whether it was published is not known")
		}
	}
	if d.err != nil {
		return nil, pl.c.coded(d.err, "publish", pl.channel)
	}
	r := &pl.result
	r.Offset, r.Epoch, r.Duplicate = d.result.Position.Offset, d.result.Position.Epoch, d.result.Duplicate
	if r.Duplicate {
		r.Connections = 0
	}
	return r, nil
}

const publishDoc = "Publishes to a channel; instead of a channel, to a user's own channel, or to all channels that have subscribers and match a pattern."

type publishRequest struct {
	Channel string `json:"channel,omitempty" doc:"The channel."`
	User    string `json:"user,omitempty" doc:"Instead of channel: the channel @user:USER. The user's clients are in it (users.subscribe). Users with ids of more than 249 bytes have no own channel: error 107."`
	Pattern string `json:"pattern,omitempty" doc:"Instead of channel: each channel with subscribers on this node that matches, such as room:*. It begins with a namespace and a colon."`
	content
}

type publishResult struct {
	Offset      uint64 `json:"offset" doc:"The publication's place in the channel's stream; 0 without history."`
	Epoch       string `json:"epoch" doc:"What the offset counts in; empty without history."`
	Connections int    `json:"connections" doc:"How many connections subscribed here at that moment and so get it, an excluded one counted too; 0 for a duplicate."`
	Duplicate   bool   `json:"duplicate,omitempty" doc:"The idempotency key was seen before."`
	Channels    int    `json:"channels,omitempty" doc:"With pattern: to how many channels it was published."`
}

func (c *call) publish(q *publishRequest) outcome {
	targets := 0
	for _, s := range []string{q.Channel, q.User, q.Pattern} {
		if s != "" {
			targets++
		}
	}
	switch {
	case targets == 0:
		return failed(bad("channel: a name is needed, or user, or pattern"))
	case targets > 1:
		return failed(bad("channel: only one of channel, user and pattern is possible"))
	case q.Pattern != "":
		return c.publishPattern(q)
	}
	field, channel := "channel", q.Channel
	if q.User != "" {
		field, channel = "user", throng.UserNamespace+":"+q.User
	}
	if q.User != "" && len(channel) > throng.MaxChannelBytes {
		return failed(bad("user: one with an id of more than %d bytes has no own channel", throng.MaxChannelBytes-len(throng.UserNamespace)-1))
	}
	if err := c.channel(field, channel); err != nil {
		return failed(err)
	}
	p, err := q.publication(c.opts.Clock.Now(), c.opts.MaxData)
	if err != nil {
		return failed(err)
	}
	if err := c.spend(1); err != nil {
		return failed(err)
	}
	pl := c.place(q.request(channel, p))
	return func() (any, *throng.Error) {
		r, err := pl.wait()
		return r, err
	}
}
