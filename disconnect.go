package throng

import (
	"errors"
	"syscall"
)

// Disconnect says why the server ends a connection. Codes below 3500 invite the
// client to come back, codes from 3500 on are final (Centrifuge client
// protocol). A wire that has close codes of its own for a case translates.
type Disconnect struct {
	Code   uint16 `json:"code"`
	Reason string `json:"reason"`
}

func (d *Disconnect) Error() string { return d.Reason }

// Final reports whether the client is asked not to come back.
func (d *Disconnect) Final() bool { return d.Code >= 3500 }

// The server's own reasons.
var (
	DisconnectClosed            = &Disconnect{3000, "connection closed"}
	DisconnectShutdown          = &Disconnect{3001, "shutdown"}
	DisconnectServerError       = &Disconnect{3004, "internal server error"}
	DisconnectExpired           = &Disconnect{3005, "connection expired"}
	DisconnectSubExpired        = &Disconnect{3006, "subscription expired"}
	DisconnectSlow              = &Disconnect{3008, "slow"}
	DisconnectWriteError        = &Disconnect{3009, "write error"}
	DisconnectInsufficientState = &Disconnect{3010, "insufficient state"}
	DisconnectForceReconnect    = &Disconnect{3011, "force reconnect"}
	DisconnectNoPong            = &Disconnect{3012, "no pong"}
	DisconnectTooManyRequests   = &Disconnect{3013, "too many requests"}
	DisconnectInvalidToken      = &Disconnect{3500, "invalid token"}
	DisconnectBadRequest        = &Disconnect{3501, "bad request"}
	DisconnectStale             = &Disconnect{3502, "stale"}
	DisconnectForce             = &Disconnect{3503, "force disconnect"}
	DisconnectConnectionLimit   = &Disconnect{3504, "connection limit"}
	DisconnectChannelLimit      = &Disconnect{3505, "channel limit"}
	DisconnectInappropriate     = &Disconnect{3506, "inappropriate protocol"}
	DisconnectPermissionDenied  = &Disconnect{3507, "permission denied"}
	DisconnectNotAvailable      = &Disconnect{3508, "not available"}
	DisconnectTooManyErrors     = &Disconnect{3509, "too many errors"}
)

// ErrSilent is in the chain of causes that were found out later than they happened:
// nothing was heard of the client for some time, and then its connection was given up.
var ErrSilent = errors.New("nothing was heard of the client")

// Silent reports whether a connection that ended for this cause was dead before: its
// client was last there when it was last heard.
func Silent(cause error) bool {
	if errors.Is(cause, ErrSilent) || errors.Is(cause, syscall.EHOSTUNREACH) || errors.Is(cause, syscall.ENETUNREACH) {
		return true
	}
	if d, ok := errors.AsType[*Disconnect](cause); ok {
		return d == DisconnectNoPong
	}
	t, ok := errors.AsType[timeout](cause)
	return ok && t.Timeout()
}

// timeout is an error of the network that says whether it is one.
type timeout interface {
	error
	Timeout() bool
}
