package api

import (
	"encoding/base64"
	"encoding/json"

	"throng"
)

const historyDoc = "Reads a channel's history. Without a limit it only tells the position of the newest publication. The answer has at most 10,000 publications and about 16 MiB of data and tags; who wants more goes on with since."

type historyRequest struct {
	Channel string    `json:"channel" doc:"The channel."`
	Limit   int       `json:"limit,omitempty" doc:"The most publications wanted; 0 none, a negative number all."`
	Since   *position `json:"since,omitempty" doc:"Only what came after this position. One of another epoch, or of the future, is error 112."`
	Reverse bool      `json:"reverse,omitempty" doc:"The newest first."`
}

// position is throng.Position with its description.
type position struct {
	Offset uint64 `json:"offset" doc:"The offset of the last publication that is known."`
	Epoch  string `json:"epoch" doc:"Its epoch."`
}

type historyResult struct {
	Publications []publication `json:"publications" doc:"The publications, without expired ones."`
	Offset       uint64        `json:"offset" doc:"The offset of the channel's newest publication."`
	Epoch        string        `json:"epoch" doc:"Its epoch; empty without history."`
	Incomplete   bool          `json:"incomplete,omitempty" doc:"The window does not reach back to since: publications are missing."`
}

// publication is one of a channel's history.
type publication struct {
	Offset  uint64            `json:"offset" doc:"Its place in the channel's stream."`
	Data    json.RawMessage   `json:"data" doc:"Its JSON; null for bytes."`
	B64Data string            `json:"b64data,omitempty" doc:"Its bytes in base64, if they are not JSON."`
	Event   string            `json:"event,omitempty" doc:"The Phoenix event."`
	Tags    map[string]string `json:"tags,omitempty" doc:"Its labels."`
	Info    *clientInfo       `json:"info,omitempty" doc:"The client that published it; none for the server itself."`
	Time    int64             `json:"time" doc:"When it was published, in milliseconds since 1970."`
	Expires int64             `json:"expires_at,omitempty" doc:"When it expires, in milliseconds since 1970."`
}

const (
	maxHistory      = 10_000
	maxHistoryBytes = 16 << 20
)

func (c *call) history(q *historyRequest) (*historyResult, *throng.Error) {
	if err := c.channel("channel", q.Channel); err != nil {
		return nil, err
	}
	req := throng.HistoryRequest{Channel: q.Channel, Limit: q.Limit, Reverse: q.Reverse}
	if req.Limit < 0 || req.Limit > maxHistory {
		req.Limit = maxHistory
	}
	if q.Since != nil {
		req.Since = &throng.Position{Offset: q.Since.Offset, Epoch: q.Since.Epoch}
	}
	type read struct {
		r   throng.HistoryResult
		err error
	}
	done := make(chan read, 1)
	ctx, cancel := c.wait()
	defer cancel()
	c.opts.Node.History(ctx, req, func(r throng.HistoryResult, err error) { done <- read{r, err} })
	select {
	case d := <-done:
		if d.err != nil {
			return nil, c.coded(d.err, "history", q.Channel)
		}
		return historyAnswer(q, &d.r)
	case <-ctx.Done():
		return nil, coded(throng.ErrInternal, "the broker has not answered")
	}
}

func historyAnswer(q *historyRequest, h *throng.HistoryResult) (*historyResult, *throng.Error) {
	if s := q.Since; s != nil && (s.Epoch != h.Position.Epoch || s.Offset > h.Position.Offset) {
		return nil, coded(throng.ErrUnrecoverable, "since: the channel is at offset %d of epoch %q", h.Position.Offset, h.Position.Epoch)
	}
	r := &historyResult{
		Publications: make([]publication, 0, len(h.Publications)),
		Offset:       h.Position.Offset, Epoch: h.Position.Epoch,
		Incomplete: q.Since != nil && !h.Complete,
	}
	size := 0
	for _, p := range h.Publications {
		if size += sizeOf(p); size > maxHistoryBytes && len(r.Publications) > 0 {
			break
		}
		r.Publications = append(r.Publications, published(p))
	}
	return r, nil
}

func published(p *throng.Publication) publication {
	out := publication{Offset: p.Offset, Event: p.Event, Tags: p.Tags, Time: p.Time, Expires: p.ExpiresAt}
	if p.Binary {
		out.B64Data, out.Data = base64.StdEncoding.EncodeToString(p.Data), json.RawMessage("null")
	} else {
		out.Data = p.Data
	}
	if who := p.Publisher; who != nil {
		out.Info = &clientInfo{User: who.User, Client: who.Client.String(), Info: who.Info}
	}
	return out
}

const historyRemoveDoc = "Removes the publications of a channel's history. Offsets go on counting."

type historyRemoveRequest struct {
	Channel string `json:"channel" doc:"The channel."`
}

func (c *call) removeHistory(q *historyRemoveRequest) (*empty, *throng.Error) {
	if err := c.channel("channel", q.Channel); err != nil {
		return nil, err
	}
	done := make(chan error, 1)
	ctx, cancel := c.wait()
	defer cancel()
	c.opts.Node.RemoveHistory(ctx, q.Channel, func(err error) { done <- err })
	select {
	case err := <-done:
		return &empty{}, c.coded(err, "history_remove", q.Channel)
	case <-ctx.Done():
		return nil, coded(throng.ErrInternal, "the broker has not answered")
	}
}
