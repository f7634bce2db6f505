package api

import (
	"context"
	"time"

	"throng"
)

// call is a request under way: whose it is, and for how long.
type call struct {
	*API
	ctx context.Context
	key *Key
	// published is to how many channels the request has published.
	published int
}

// maxPublished is to how many channels one request publishes, all its commands
// together.
const maxPublished = 100_000

// spend reports why a request may not publish to n channels more.
func (c *call) spend(n int) *throng.Error {
	if n > maxPublished-c.published {
		return coded(throng.ErrLimitExceeded, "one request publishes to at most %d channels in all, this was not done", maxPublished)
	}
	c.published += n
	return nil
}

// gone reports whether nobody waits for the answer any more: nothing more is begun.
func (c *call) gone() bool { return c.ctx.Err() != nil }

// outcome is an answer that may still be on its way: calling it waits.
type outcome func() (any, *throng.Error)

func failed(err *throng.Error) outcome { return func() (any, *throng.Error) { return nil, err } }

// do begins what a method does, if the key has the right.
func (c *call) do(m *Method, body []byte) outcome {
	if err := c.key.may(m); err != nil {
		return failed(err)
	}
	return m.begin(c, body)
}

// patience is how long an answer may take that loops or a broker must give.
const patience = 10 * time.Second

// wait returns the context of what others have to answer.
func (c *call) wait() (context.Context, context.CancelFunc) {
	return context.WithTimeout(c.ctx, patience)
}

// coded returns what a client is told about an error. What has no code is ours, and
// is logged here.
func (c *call) coded(err error, verb, channel string) *throng.Error {
	if err == nil {
		return nil
	}
	e := throng.AsError(err)
	if e == throng.ErrInternal && c.ctx.Err() == nil {
		c.log.Error("API call failed", "verb", verb, "channel", channel, "error", err)
	}
	return e
}

// channel reports why the call may not name a channel.
func (c *call) channel(field, name string) *throng.Error {
	if err := checkChannel(field, name); err != nil {
		return err
	}
	if err := c.key.reaches(name); err != nil {
		return err
	}
	if c.opts.Node.Namespace(name) == nil {
		return throng.ErrUnknownChannel
	}
	return nil
}

// checkChannel says what is wrong with a channel's name.
func checkChannel(field, name string) *throng.Error {
	switch err := throng.CheckServerChannel(name); {
	case name == "":
		return bad("%s: a name is needed", field)
	case len(name) > throng.MaxChannelBytes:
		return bad("%s: a name has at most %d bytes", field, throng.MaxChannelBytes)
	case err == throng.ErrPermissionDenied:
		return bad("%s: names that begin with @ are the server's own", field)
	case err != nil:
		return bad("%s: the name has control characters", field)
	}
	return nil
}
