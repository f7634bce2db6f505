package load

import (
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"time"

	"throng/internal/bench/report"
	"throng/internal/websocket"
)

func duration(ns int64) time.Duration { return time.Duration(ns) }

// figures are the latencies of a phase.
type figures struct {
	connect, join, comeback, lateness, last *report.Histogram
	delivery, reply                         *report.Histogram
}

func newFigures() figures {
	n := report.NewHistogram
	return figures{n(), n(), n(), n(), n(), n(), n()}
}

// latencies returns those that have anything in them.
func (f *figures) latencies() map[string]*report.Histogram {
	all := map[string]*report.Histogram{
		report.Connect: f.connect, report.Join: f.join, report.Comeback: f.comeback, report.Lateness: f.lateness,
		report.Last: f.last, report.Delivery: f.delivery, report.Reply: f.reply,
	}
	for name, h := range all {
		if h.Count() == 0 {
			delete(all, name)
		}
	}
	return all
}

// second is what is measured within a second, so that each delivery is recorded
// once and gets into both the sample and the phase. Answers to events are counted
// by each step for the phase.
type second struct{ delivery, reply, answer *report.Histogram }

// main is the latency that a sample shows.
func (s *second) main() *report.Histogram {
	switch {
	case s.delivery.Count() > 0:
		return s.delivery
	case s.reply.Count() > 0:
		return s.reply
	case s.answer.Count() > 0:
		return s.answer
	default:
		return nil
	}
}

// maxReasons bounds how many reasons are told apart.
const maxReasons = 50

// fail counts something that went wrong.
func (w *Worker) fail(reason string) {
	w.counts.Failed++
	if _, known := w.failures[reason]; !known && len(w.failures) >= maxReasons {
		reason = "other"
	}
	w.failures[reason]++
}

// reason says why a connection failed, without what differs from one to the next.
func reason(err error) string {
	var refused *websocket.HandshakeError
	var errno syscall.Errno
	switch {
	case errors.As(err, &refused) && refused.Status != 0:
		return "upgrade: HTTP " + itoa(refused.Status)
	case errors.As(err, &refused):
		return "upgrade: " + refused.Reason
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return "connect: out of descriptors (ulimit -n)"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return "connect: out of local ports (use --source)"
	case errors.As(err, &errno):
		head, _, _ := strings.Cut(err.Error(), ":")
		return head + ": " + errno.Error()
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return "connect: timed out"
	}
	return err.Error()
}
