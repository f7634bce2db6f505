package api

import (
	"context"

	"throng"
)

// waiting is the context of what loops have to do.
type waiting = context.Context

// reached does something to clients and answers how many there were.
func (c *call) reached(verb, channel string, do func(waiting) (int, error)) (*reachedResult, *throng.Error) {
	ctx, cancel := c.wait()
	defer cancel()
	n, err := do(ctx)
	if err != nil {
		return nil, c.coded(err, verb, channel)
	}
	return &reachedResult{n}, nil
}
