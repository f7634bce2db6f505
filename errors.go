package throng

import "errors"

// Error is an error that a client is told: a documented code and a message.
// Anything else that goes wrong reaches clients as ErrInternal.
type Error struct {
	Code    uint32 `json:"code"`
	Message string `json:"message"`
	// Temporary says that the same request may succeed later.
	Temporary bool `json:"temporary,omitempty"`
}

func (e *Error) Error() string { return e.Message }

// The codes are those of the Centrifuge client protocol.
var (
	ErrInternal          = &Error{100, "internal error", true}
	ErrUnauthorized      = &Error{101, "unauthorized", false}
	ErrUnknownChannel    = &Error{102, "unknown channel", false}
	ErrPermissionDenied  = &Error{103, "permission denied", false}
	ErrMethodNotFound    = &Error{104, "method not found", false}
	ErrAlreadySubscribed = &Error{105, "already subscribed", false}
	ErrLimitExceeded     = &Error{106, "limit exceeded", false}
	ErrBadRequest        = &Error{107, "bad request", false}
	ErrNotAvailable      = &Error{108, "not available", false}
	ErrTokenExpired      = &Error{109, "token expired", false}
	ErrExpired           = &Error{110, "expired", false}
	ErrTooManyRequests   = &Error{111, "too many requests", true}
	ErrUnrecoverable     = &Error{112, "unrecoverable position", false}
	ErrVersionConflict   = &Error{113, "version conflict", false}
)

// ErrClosed is returned by a port that was closed.
var ErrClosed = errors.New("closed")

// AsError returns what a client may be told about err: the *Error in its chain,
// or ErrInternal.
func AsError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return ErrInternal
}
