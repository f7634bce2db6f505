//go:build linux

package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"throng/internal/protocol/phoenix"
)

func (c *crowd) heartbeat() (int, error) {
	from := c.replies
	beat := masked(nil, []byte(`[null,"9","phoenix","heartbeat",{}]`))
	for i, k := range c.open {
		if err := k.write(beat); err != nil {
			return 0, err
		}
		for i+1-(c.replies-from) > inFlight {
			if err := c.wait(); err != nil {
				return 0, err
			}
		}
	}
	for c.replies-from < len(c.open) {
		if err := c.wait(); err != nil {
			return 0, err
		}
	}
	return len(c.open), nil
}

// event is a message for a channel.
func (c *crowd) event(channel int) []byte {
	payload := `{"m":"` + strings.Repeat("x", max(0, c.size-8)) + `"}`
	return masked(nil, phoenix.AppendPush(nil, phoenix.V2, []byte(`"1"`), []byte(`"2"`), c.name(channel), "msg", []byte(payload)))
}

func (c *crowd) publish(n int) (int, error) {
	from, want := c.replies, c.pushes+n*len(c.open)
	var b []byte
	for range n {
		b = append(b, c.event(0)...)
	}
	if err := c.open[0].write(b); err != nil {
		return 0, err
	}
	return n * len(c.open), c.until(want, from+n)
}

// until waits for pushes and replies.
func (c *crowd) until(pushes, replies int) error {
	for c.pushes < pushes || c.replies < replies {
		if err := c.wait(); err != nil {
			return fmt.Errorf("%d pushes and %d replies missing: %w", pushes-c.pushes, replies-c.replies, err)
		}
	}
	return nil
}

var errDue = errors.New("the next message is due")

func (c *crowd) spread(n, rate int) (done int, p99 float64, err error) {
	c.sent, c.delays = make([]time.Time, c.channels), nil
	defer func() { c.sent = nil }()
	from, pushes, begin := c.replies, c.pushes, time.Now()
	for i := range n {
		channel := i % c.channels
		frame := c.event(channel)
		for due := begin.Add(time.Duration(i) * time.Second / time.Duration(rate)); time.Now().Before(due); {
			if err := c.waitUntil(due, errDue); err != nil && err != errDue {
				return 0, 0, err
			}
		}
		c.sent[channel] = time.Now()
		if err := c.open[channel].write(frame); err != nil {
			return 0, 0, err
		}
		done += (len(c.open) - channel + c.channels - 1) / c.channels
	}
	if err := c.until(pushes+done, from+n); err != nil {
		return 0, 0, err
	}
	slices.Sort(c.delays)
	return done, c.delays[len(c.delays)*99/100], nil
}

func (c *crowd) trips(n int) (int, error) {
	from, pushes := c.replies, c.pushes
	for i := range c.channels {
		c.asking = append(c.asking, c.event(i))
	}
	defer func() { c.asking = nil }()
	first := min(n, len(c.open))
	c.left = n - first
	for _, k := range c.open[:first] {
		if err := k.write(c.said(k)); err != nil {
			return 0, err
		}
	}
	return n, c.until(pushes+n*len(c.open)/c.channels, from+n)
}

// said is what a connection asks with.
func (c *crowd) said(k *conn) []byte { return c.asking[k.channel] }
