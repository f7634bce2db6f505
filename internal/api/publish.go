package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"strings"
	"unicode/utf8"

	"throng"
)

// publishRequest is the body of /api/publish.
type publishRequest struct {
	Channel string `json:"channel"`
	// Data is any JSON; B64Data, instead of it, base64 of any bytes.
	Data    json.RawMessage `json:"data"`
	B64Data *string         `json:"b64data"`
	// Event is the Phoenix event; empty for the default one.
	Event string `json:"event"`
	// TTL is after how many milliseconds the publication is not written any
	// more; 0 leaves it to the namespace.
	TTL            int64             `json:"ttl_ms"`
	Tags           map[string]string `json:"tags"`
	IdempotencyKey string            `json:"idempotency_key"`
}

// maxTTL keeps the deadline within what a clock can say: ten years.
const maxTTL = 10 * 365 * 24 * 3600 * 1000

const maxEvent = 255

// publication returns what is to be published, nil if the request is not right.
func (q *publishRequest) publication(now int64) *throng.Publication {
	event := len(q.Event) <= maxEvent && !strings.HasPrefix(q.Event, "phx_") && !strings.HasPrefix(q.Event, "presence_")
	channel := q.Channel != "" && len(q.Channel) <= throng.MaxChannelBytes
	if !event || !channel || q.TTL < 0 || q.TTL > maxTTL || (q.Data == nil) == (q.B64Data == nil) ||
		!utf8.Valid(q.Data) { // the JSON package lets such bytes pass, WebSocket clients don't
		return nil
	}
	p := &throng.Publication{Event: q.Event, Data: q.Data, Tags: q.Tags}
	if q.TTL > 0 {
		p.ExpiresAt = now + q.TTL
	}
	if q.B64Data != nil {
		b, err := base64.StdEncoding.DecodeString(*q.B64Data)
		if err != nil {
			return nil
		}
		p.Data, p.Binary = b, true
	}
	return p
}

// publish gives a publication to the node and waits for where it was placed.
func (a *API) publish(ctx context.Context, body io.Reader) (any, *throng.Error) {
	var q publishRequest
	if err := decode(body, &q); err != nil {
		return nil, err
	}
	p := q.publication(a.clock.Now())
	if p == nil {
		return nil, throng.ErrBadRequest
	}
	type outcome struct {
		r   throng.PublishResult
		err error
	}
	done := make(chan outcome, 1)
	a.node.Broadcast(ctx, q.Channel, p, q.IdempotencyKey, func(r throng.PublishResult, err error) { done <- outcome{r, err} })
	select {
	case o := <-done:
		if o.err != nil {
			return nil, throng.AsError(o.err)
		}
		return o.r.Position, nil
	case <-ctx.Done():
		return nil, throng.ErrInternal // the client has gone
	}
}
