// Package sessiontest has a transport and a wire for tests of sessions. The wire
// writes what it hears as text, so that a test compares one list of lines:
// answers, pushes and ends in the order in which a client would see them.
package sessiontest

import (
	"throng"
	"throng/internal/session"
)

// Frame is what was queued.
type Frame struct {
	Text    string
	Expires int64
	Urgent  bool
	Class   uint32 // 0: an answer
}

// Transport is a client that reads when it is told to.
type Transport struct {
	Name    throng.Ref
	Stalled bool // the client takes nothing
	Closed  bool // nothing is queued any more
	Waiting []Frame
	Taken   []Frame // what the client has
	OnFlush func()
	scratch []byte
}

var _ session.Transport = (*Transport)(nil)

// Ref implements session.Transport.
func (t *Transport) Ref() throng.Ref { return t.Name }

// Scratch implements session.Transport.
func (t *Transport) Scratch() []byte { return t.scratch[:0] }

// SendScratch implements session.Transport.
func (t *Transport) SendScratch(b []byte, from int) {
	t.scratch = b
	t.queue(Frame{Text: string(b[from:])})
}

// SendDroppable implements session.Transport.
func (t *Transport) SendDroppable(b []byte, due throng.Timing, class uint32) {
	if class == 0 {
		panic("a droppable frame without a class")
	}
	t.queue(Frame{Text: string(b), Expires: due.ExpiresAt, Urgent: due.Urgent, Class: class})
}

func (t *Transport) queue(f Frame) {
	if !t.Closed {
		t.Waiting = append(t.Waiting, f)
	}
}

// Queued implements session.Transport.
func (t *Transport) Queued() (n int) {
	for _, f := range t.Waiting {
		n += len(f.Text)
	}
	return n
}

// Flush implements session.Transport.
func (t *Transport) Flush() {
	if t.OnFlush != nil {
		t.OnFlush()
	}
	if !t.Stalled {
		t.Taken = append(t.Taken, t.Waiting...)
		t.Waiting = nil
	}
}

// Shed implements session.Transport.
func (t *Transport) Shed(need int, lost func(class uint32)) (freed int) {
	keep := []Frame{}
	for _, f := range t.Waiting {
		if f.Class == 0 || freed >= need {
			keep = append(keep, f)
			continue
		}
		freed += len(f.Text)
		lost(f.Class)
	}
	t.Waiting = keep
	return freed
}

// Take lets the client read everything and returns it since the last Take.
func (t *Transport) Take() (lines []string) {
	for _, f := range append(t.Taken, t.Waiting...) {
		lines = append(lines, f.Text)
	}
	t.Taken, t.Waiting = nil, nil
	return lines
}
