package main

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"throng/internal/protocol/phoenix"
	"throng/internal/websocket"
)

// setup is what the command line says.
type setup struct {
	addr, path, channel string

	secure, classic bool
	deflate, json   bool
	size            int
}

type crowd struct {
	setup
	open []*client

	replies, pushes tally
	failed          chan error // the first failure of an open connection
	sent            int        // messages so far; each is another one
}

func newCrowd(s setup) *crowd {
	return &crowd{setup: s, failed: make(chan error, 1)}
}

// fail notes why a connection ended; one reason is enough.
func (c *crowd) fail(err error) {
	select {
	case c.failed <- err:
	default:
	}
}

// inFlight is how many clients connect at once.
const inFlight = 64

// connect opens n connections that have joined, and says how the last one speaks.
func (c *crowd) connect(n int) (spoken string, err error) {
	turns := make(chan struct{}, n)
	for range n {
		turns <- struct{}{}
	}
	close(turns)
	var mu sync.Mutex // guards open and err
	var dialers sync.WaitGroup
	for range inFlight {
		dialers.Go(func() {
			for range turns {
				k, failure := c.dial()
				mu.Lock()
				if failure != nil {
					err = failure
				} else {
					c.open = append(c.open, k)
				}
				stop := err != nil
				mu.Unlock()
				if stop {
					return
				}
			}
		})
	}
	dialers.Wait()
	if err != nil {
		return "", err
	}
	return c.open[len(c.open)-1].spoken(), nil
}

var errNobody = errors.New("nobody is connected")

func (c *crowd) heartbeat() (int, error) {
	answered := c.replies.expect(len(c.open))
	for _, k := range c.open {
		if err := k.send(websocket.OpText, []byte(`[null,"9","phoenix","heartbeat",{}]`)); err != nil {
			return 0, err
		}
	}
	return len(c.open), c.await(answered)
}

// publish pushes n messages in one write and waits until everybody has them.
func (c *crowd) publish(n int) (int, error) {
	if len(c.open) == 0 {
		return 0, errNobody
	}
	var b []byte
	for range n {
		push := phoenix.AppendPush(nil, phoenix.V2, []byte(`"1"`), []byte(`"2"`), c.channel, "msg", c.payload())
		b = websocket.AppendMaskedFrame(b, websocket.OpText, mask, push)
		c.sent++
	}
	answered, delivered := c.replies.expect(n), c.pushes.expect(n*len(c.open))
	if _, err := c.open[0].conn.Write(b); err != nil {
		return 0, err
	}
	if err := c.await(answered); err != nil {
		return 0, err
	}
	return n * len(c.open), c.await(delivered)
}

// patience is how long a command waits for what must come.
const patience = time.Minute

// await waits until something is done, which a failed connection prevents.
func (c *crowd) await(done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case err := <-c.failed:
		return err
	case <-time.After(patience):
		return fmt.Errorf("still waiting after %v", patience)
	}
}
