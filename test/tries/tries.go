// Package tries repeats tests that a busy machine disturbed. A test of a deadline that
// is short takes for granted that it comes to its next line before the deadline does: on a machine
// that was away for longer the server does, rightly, something else.
package tries

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

const (
	most    = 4               // tries
	longest = 3 * time.Second // that a unit grows to
)

// Longer runs a test whose times are multiples of a unit. If it fails it is run anew, with
// a unit three times as long, up to 3 s: a machine was away for less. What is always wrong with the product
// fails every time, and the last time is the test's own; what is wrong only now and then can hide
// here, so this is for tests of deadlines alone, and a failed try is logged. test must not depend on what an
// earlier try left behind. What it registers with Cleanup is done at the end of each try.
func Longer(t *testing.T, unit time.Duration, test func(t testing.TB, unit time.Duration)) {
	t.Helper()
	for range most - 1 {
		a := &attempt{TB: t}
		over := make(chan struct{})
		go func() {
			defer close(over)
			defer a.end()
			test(a, unit)
		}()
		<-over
		if !a.Failed() {
			return
		}
		t.Logf("with %v, which may have been too short for this machine now: %q", unit, a.said)
		unit = max(unit, min(3*unit, longest))
	}
	test(t, unit)
}

// attempt is a try that may fail.
type attempt struct {
	testing.TB

	mu       sync.Mutex
	failed   bool
	said     []string
	cleanups []func()
}

// end does what was left for the end, the last first, also when one of it gives up.
func (a *attempt) end() {
	for {
		a.mu.Lock()
		n := len(a.cleanups)
		if n == 0 {
			a.mu.Unlock()
			return
		}
		f := a.cleanups[n-1]
		a.cleanups = a.cleanups[:n-1]
		a.mu.Unlock()
		over := make(chan struct{})
		go func() { defer close(over); f() }()
		<-over
	}
}

func (a *attempt) say(text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.failed = true
	a.said = append(a.said, text)
}

// Cleanup implements testing.TB.
func (a *attempt) Cleanup(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.cleanups = append(slices.Clip(a.cleanups), f)
}

// Failed implements testing.TB.
func (a *attempt) Failed() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.failed
}

// Fail implements testing.TB.
func (a *attempt) Fail() { a.say("failed") }

// FailNow implements testing.TB.
func (a *attempt) FailNow() { a.say("failed"); runtime.Goexit() }

// Error implements testing.TB.
func (a *attempt) Error(args ...any) { a.say(fmt.Sprint(args...)) }

// Errorf implements testing.TB.
func (a *attempt) Errorf(format string, args ...any) { a.say(fmt.Sprintf(format, args...)) }

// Fatal implements testing.TB.
func (a *attempt) Fatal(args ...any) { a.say(fmt.Sprint(args...)); runtime.Goexit() }

// Fatalf implements testing.TB.
func (a *attempt) Fatalf(format string, args ...any) {
	a.say(fmt.Sprintf(format, args...))
	runtime.Goexit()
}
