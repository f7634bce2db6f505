package gateway

import (
	"bytes"

	"throng/internal/loop"
)

// What leaves by net/http is written by a goroutine, a little after its loop took it out
// of the queue: so it brings its deadlines along.

// earliest returns the first deadline of frames, 0 for none.
func earliest(frames []loop.Frame) (at int64) {
	for _, f := range frames {
		if e := f.Timing.ExpiresAt; e != 0 && (at == 0 || e < at) {
			at = e
		}
	}
	return at
}

// lasting copies frames that an Outlet was offered: answers lie in the loop's memory.
func lasting(frames []loop.Frame) []loop.Frame {
	all := append([]loop.Frame(nil), frames...)
	for i := range all {
		if all[i].Class == 0 {
			all[i].B = bytes.Clone(all[i].B)
		}
	}
	return all
}

// over reports whether a frame's deadline has come, and counts it then.
func (g *Gateway) over(on uint16, f *loop.Frame) bool {
	e := f.Timing.ExpiresAt
	if e == 0 || g.opts.Clock.Now() < e {
		return false
	}
	g.opts.Engine.Stats(int(on)).Expired.Add(1)
	return true
}

// onTime takes out of an answer what must not be written any more.
func (l *LongPoll) onTime(t sessionToken, a *answer) {
	if a.until == 0 || l.gw.opts.Clock.Now() < a.until {
		return
	}
	keep := a.frames[:0]
	for i := range a.frames {
		if !l.gw.over(t.ref.Loop, &a.frames[i]) {
			keep = append(keep, a.frames[i])
		}
	}
	*a.body, _ = appendPollBody((*a.body)[:0], statusOK, t.String(), keep, l.opts.MaxAnswer)
}
