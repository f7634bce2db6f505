package node_test

import (
	"context"
	"math/rand/v2"

	"throng"
)

// late is a broker that does what it is asked at once or later, and answers
// later still: when the test says so.
type late struct {
	throng.Broker
	r     *rand.Rand // nil: everything is done when it is answered
	calls []*call
	fail  error // for the next Subscribe
}

// call is one that was not answered yet.
type call struct {
	kind    string
	channel string
	act     func()
	answer  func()
}

func (l *late) add(kind, channel string, act, answer func()) {
	c := &call{kind, channel, act, answer}
	if l.r != nil && l.r.IntN(2) == 0 {
		c.do()
	}
	l.calls = append(l.calls, c)
}

func (c *call) do() {
	if c.act != nil {
		c.act()
		c.act = nil
	}
}

// tell answers a call.
func (l *late) tell(i int) {
	c := l.calls[i]
	l.calls = append(l.calls[:i:i], l.calls[i+1:]...)
	c.do()
	c.answer()
}

// all answers everything, also what comes of it.
func (l *late) all() {
	for len(l.calls) > 0 {
		l.tell(0)
	}
}

func (l *late) kinds() (s string) {
	for _, c := range l.calls {
		s += c.kind
	}
	return s
}

func (l *late) Subscribe(ctx context.Context, channel string, done func(error)) {
	err := l.fail
	l.fail = nil
	// The order of subscribes and unsubscribes is the broker's duty.
	l.Broker.Subscribe(ctx, channel, nil)
	l.add("S", channel, nil, func() { done(err) })
}

func (l *late) Publish(ctx context.Context, req throng.PublishRequest, done func(throng.PublishResult, error)) {
	var res throng.PublishResult
	var err error
	l.add("P", req.Channel, func() {
		l.Broker.Publish(ctx, req, func(r throng.PublishResult, e error) { res, err = r, e })
	}, func() { done(res, err) })
}

func (l *late) History(ctx context.Context, req throng.HistoryRequest, done func(throng.HistoryResult, error)) {
	var res throng.HistoryResult
	var err error
	l.add("H", req.Channel, func() {
		l.Broker.History(ctx, req, func(r throng.HistoryResult, e error) { res, err = r, e })
	}, func() { done(res, err) })
}
