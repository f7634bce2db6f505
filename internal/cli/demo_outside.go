package cli

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"throng/internal/crowd"
	"throng/internal/server"
)

// tellOutside says why people of a crowd stay outside, once for each reason, until ctx
// ends. One who is refused is nothing to talk about, ten in a row are.
func tellOutside(ctx context.Context, w io.Writer, c *crowd.Crowd, people int) {
	const (
		enough = 10
		often  = 500 * time.Millisecond
	)
	t := time.NewTicker(often)
	defer t.Stop()
	said := make(map[string]bool)
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		n, why := c.Outside()
		if n < min(enough, people) || said[why.Error()] {
			continue
		}
		said[why.Error()] = true
		complain(w, "the crowd stays away: "+why.Error(), outsideHint(why))
	}
}

// outsideHint is what lets a crowd in.
func outsideHint(why error) string {
	const denied, tooMany, cutForIt = 103, 111, 3013 // docs/phoenix.md
	var no *crowd.Refusal
	if !errors.As(why, &no) {
		return "is the server there?"
	}
	switch no.Status {
	case http.StatusTooManyRequests:
		return "all of it comes from one address: raise limits.connects_per_minute_per_address, or set it to 0"
	case http.StatusServiceUnavailable:
		return "raise limits.connects_per_second or engine.max_connections"
	case http.StatusForbidden, http.StatusUnauthorized:
		return "a crowd has no tokens: leave [auth] out, or set auth.anonymous"
	}
	switch no.Code {
	case denied:
		return "let it: subscribe = \"anybody\" in the namespace of " + server.DemoChannel
	case tooMany, cutForIt:
		return "raise limits.messages_per_second and limits.bytes_per_second, or set them to 0"
	}
	return "docs/phoenix.md lists errors and close codes"
}
