package events

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"net/http"

	"throng"
)

// statusOf is the HTTP status of an error.
func statusOf(err *throng.Error) int {
	switch err {
	case throng.ErrUnauthorized, throng.ErrTokenExpired, throng.ErrExpired:
		return http.StatusUnauthorized
	case throng.ErrPermissionDenied:
		return http.StatusForbidden
	case throng.ErrUnknownChannel:
		return http.StatusNotFound
	case throng.ErrTooManyRequests:
		return http.StatusTooManyRequests
	case throng.ErrNotAvailable:
		return http.StatusNotImplemented
	}
	if err.Temporary {
		return http.StatusServiceUnavailable
	}
	return http.StatusBadRequest
}

// problem is the body of a refusal.
type problem struct {
	Channel string `json:"channel,omitempty"`
	Code    uint32 `json:"code"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// Problem returns the body of a refusal. The hint says more, and may be empty.
func Problem(err *throng.Error, hint string) []byte {
	b, _ := json.Marshal(problem{Code: err.Code, Message: err.Message, Hint: hint}) // can't fail
	return b
}

// An EventSource comes back by itself, after the time that it was last told, unless
// the answer is no stream: then never. So who shall come back later is answered
// with a stream that ends, and who shall not come back with a very long time.
const (
	retryLeast  = 1000 // ms, and up to retrySpread more: a crowd must not come at once
	retrySpread = 4000
	retrySoon   = 100 // where the rest waits to be fetched
	retryNever  = math.MaxInt32
)

// AppendFarewell appends the end of a stream: why, and when to come back, in
// milliseconds; negative where the client knows.
func AppendFarewell(b []byte, d *throng.Disconnect, retry int) []byte {
	if retry >= 0 {
		b = appendRetry(b, retry)
	}
	return appendEvent(b, "", "disconnect", d)
}

// farewell is AppendFarewell with the time that goes with the reason.
func farewell(b []byte, d *throng.Disconnect) []byte {
	retry := -1
	switch {
	case d.Final():
		retry = retryNever
	case d == throng.DisconnectInsufficientState:
		retry = retrySoon + rand.IntN(retrySoon)
	}
	return AppendFarewell(b, d, retry)
}
