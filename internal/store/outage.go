package store

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"throng"
)

// Outage is how a room says that its store is away: when that begins, when the reason is
// another one, that it goes on, at growing intervals, and when it is over. An operator
// reads a few lines, not one for each attempt: those are for the room's metric. A store
// that only answers now and then is said to be back no more often than to be away.
//
// One that is full, or a standby, is read from as ever, but not written to. So reads are
// told apart: their success ends an outage only if no write has failed lately.
//
// Its methods are safe for concurrent use.
type Outage struct {
	Log   *slog.Logger
	Clock *throng.Clock
	// Level is that of Away, which is said while the store is away. Back is said when it
	// is not any more.
	Level      slog.Level
	Away, Back string

	mu      sync.Mutex
	began   int64 // when a call failed first since the last that did not
	failed  int   // calls since then
	last    int64 // when one failed last
	silence time.Duration
	due     int64    // when the silence ends
	said    bool     // and not taken back
	wrote   int64    // when a write failed last in this outage; 0 for none
	reasons []string // that were said
}

const (
	// firstSilence is how long nothing is said behind the first line of an outage. Each
	// further one is twice as long, up to mostSilence; when nothing failed for as long as
	// that, the next failure is the first of another outage.
	firstSilence = 5 * time.Second
	mostSilence  = time.Minute
	// mostReasons is how many of an outage are said when they come up: some have a number
	// in them that is always another one.
	mostReasons = 8
)

// Failed notes a call that was to write, and failed. The arguments are of the line, if
// there is one.
func (o *Outage) Failed(err error, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.wrote = o.Clock.Now()
	o.fail(err, args)
}

// ReadFailed notes a call that was to read, and failed.
func (o *Outage) ReadFailed(err error, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fail(err, args)
}

func (o *Outage) fail(err error, args []any) {
	now := o.Clock.Now()
	if now-o.last >= mostSilence.Milliseconds() {
		o.silence, o.due, o.reasons = 0, 0, nil
	}
	if o.last = now; o.failed == 0 {
		o.began = now
	}
	o.failed++
	why := reason(err)
	news := len(o.reasons) < mostReasons && !slices.Contains(o.reasons, why)
	if news {
		o.reasons = append(o.reasons, why)
	}
	if now >= o.due {
		o.silence = min(max(2*o.silence, firstSilence), mostSilence)
		o.due = now + o.silence.Milliseconds()
	} else if !news {
		return
	}
	o.said = true
	line := []any{"error", err, "hint", hint(err), "failures", o.failed, "away", o.away(now)}
	o.Log.Log(context.Background(), o.Level, o.Away, append(line, args...)...)
}

// Over notes that the store wrote.
func (o *Outage) Over(args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.over(args)
}

// ReadOver notes that the store answered a question.
func (o *Outage) ReadOver(args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.wrote == 0 || o.Clock.Now()-o.wrote >= mostSilence.Milliseconds() {
		o.over(args)
	}
}

func (o *Outage) over(args []any) {
	if o.said {
		line := []any{"away", o.away(o.Clock.Now()), "failures", o.failed}
		o.Log.Info(o.Back, append(line, args...)...)
	}
	o.failed, o.said, o.wrote = 0, false, 0
}

func (o *Outage) away(now int64) time.Duration { return time.Duration(now-o.began) * time.Millisecond }

// reason is what an error says, without what is different each time as far as that is
// known.
func reason(err error) string {
	var known *Error
	if errors.As(err, &known) {
		return known.Msg
	}
	return err.Error()
}

// hint is what an operator can do about an error of a store.
func hint(err error) string {
	var known *Error
	if errors.As(err, &known) && known.Hint != "" {
		return known.Hint
	}
	return "see that the database is there, can be written and has room; nothing else has to be done"
}
