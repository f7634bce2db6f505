// Package brokertest is the behaviour that every throng.Broker must show: what
// the port's contract says about order, completion, windows, positions, keys and
// Close, as tests. A broker passes Run or it is not a broker.
//
// Each test gets a broker of its own and channels with names of its own, so that
// brokers over one shared server don't meet each other's data.
package brokertest

import (
	"testing"
	"time"

	"throng"
)

// Factory returns a fresh broker that delivers to sink and judges deadlines by
// clock. The suite closes it.
type Factory func(t *testing.T, sink throng.Sink, clock *throng.Clock) throng.Broker

// Options says what a kind of broker needs from the suite.
type Options struct {
	// Time runs a test that waits for deadlines. A broker that lives in this
	// process gives synctest.Test, so that waiting costs nothing; nil waits in
	// real time.
	Time func(t *testing.T, test func(t *testing.T))
	// Tick is the unit that those tests count in. It must be long against a round
	// trip to the broker and against the resolution of its deadlines; 0 means
	// 250 ms.
	Tick time.Duration
	// DeliversAll is set for a broker that gives its sink publications of channels
	// that the node does not subscribe to.
	DeliversAll bool
}

type test struct {
	name string
	run  func(w *world)
}

// Run tests the brokers that newBroker makes.
func Run(t *testing.T, newBroker Factory, opts Options) {
	if opts.Time == nil {
		opts.Time = func(t *testing.T, test func(t *testing.T)) { test(t) }
	}
	if opts.Tick == 0 {
		opts.Tick = 250 * time.Millisecond
	}
	for _, group := range [][]test{orderTests, windowTests, keyTests, skipTests, contentTests, lifeTests} {
		for _, test := range group {
			t.Run(test.name, func(t *testing.T) { test.run(newWorld(t, newBroker, opts)) })
		}
	}
	for _, test := range timedTests {
		t.Run(test.name, func(t *testing.T) {
			opts.Time(t, func(t *testing.T) { test.run(newWorld(t, newBroker, opts)) })
		})
	}
}
