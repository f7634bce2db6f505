package auth

import (
	"fmt"

	"throng"
)

// Error is what is wrong with keys and settings, and what to do about it.
type Error struct {
	Where string // the setting, file or URL
	Msg   string
	Hint  string
	Err   error // the cause, if there is one
}

func (e *Error) Error() string { return e.Where + ": " + e.Msg }

func (e *Error) Unwrap() error { return e.Err }

// fail makes an Error.
func fail(where, hint, format string, args ...any) *Error {
	return &Error{Where: where, Msg: fmt.Sprintf(format, args...), Hint: hint}
}

// Refusal says why a token is not accepted.
type Refusal struct {
	// Err is what the client is told.
	Err *throng.Error
	// Reason is for who runs the server. It repeats nothing of the token but
	// numbers and the names of algorithms.
	Reason string
}

func (r *Refusal) Error() string { return r.Reason }

func refuse(err *throng.Error, reason string) *Refusal { return &Refusal{Err: err, Reason: reason} }

// bad is a refusal of a token that will never be accepted.
func bad(format string, args ...any) *Refusal {
	return refuse(throng.ErrUnauthorized, fmt.Sprintf(format, args...))
}
