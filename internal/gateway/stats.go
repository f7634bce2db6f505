package gateway

import (
	"errors"
	"io"
	"sync/atomic"
	"syscall"

	"throng"
	"throng/internal/loop"
	"throng/internal/websocket"
)

// Stats are the gateway's counters; anyone may read them.
type Stats struct {
	WebSockets atomic.Int64 // now
	Upgrades   atomic.Uint64
	Requests   atomic.Uint64 // plain HTTP
	MessagesIn atomic.Uint64 // without control frames
	LongPolls  atomic.Int64  // sessions now
	Polls      atomic.Uint64 // that found their session
	Pings      atomic.Uint64 // sent

	Streams       atomic.Int64  // of events, now
	PollsWaiting  atomic.Int64  // now; of the plain ones
	PollsAnswered atomic.Uint64 // of those

	Handshakes [4]atomic.Uint64 // by HandshakeOutcomes
	Refusals   [9]atomic.Uint64 // by RefusalStatuses
	Ends       [8]atomic.Uint64 // by EndReasons
}

// RefusalStatuses are the HTTP statuses that Stats.Refusals counts, the last one
// all others.
var RefusalStatuses = [9]string{"400", "403", "404", "408", "426", "429", "431", "503", "other"}

// EndReasons are the reasons that Stats.Ends counts.
var EndReasons = [8]string{"client", "lost", "protocol", "slow", "idle", "shutdown", "server", "error"}

func (s *Stats) refused(status int) {
	i := len(RefusalStatuses) - 1
	switch status {
	case 400:
		i = 0
	case 403:
		i = 1
	case 404:
		i = 2
	case 408:
		i = 3
	case 426:
		i = 4
	case 429:
		i = 5
	case 431:
		i = 6
	case 503:
		i = 7
	}
	s.Refusals[i].Add(1)
}

func (s *Stats) ended(cause error) { s.Ends[endReason(cause)].Add(1) }

func endReason(cause error) int {
	d, disconnected := errors.AsType[*throng.Disconnect](cause)
	switch {
	case errors.Is(cause, errPeerClosed):
		return 0
	case errors.Is(cause, io.EOF), errors.Is(cause, syscall.ECONNRESET),
		errors.Is(cause, syscall.EPIPE), errors.Is(cause, syscall.ETIMEDOUT):
		return 1
	case cause == error(errMessageTimeout):
		return 4
	case closedFor(cause):
		return 2
	case errors.Is(cause, loop.ErrSlow):
		return 3
	case errors.Is(cause, loop.ErrStopped):
		return 5
	case cause == error(throng.DisconnectNoPong):
		return 4
	case disconnected:
		switch d.Code {
		case 1011:
			return 2
		case throng.DisconnectSlow.Code:
			return 3
		case 1002:
			return 4
		case 1000, 1012:
			return 5
		}
		return 6
	}
	return 7
}

// closedFor reports whether the client broke the protocol.
func closedFor(cause error) bool {
	_, ok := errors.AsType[*websocket.CloseError](cause)
	return ok
}
