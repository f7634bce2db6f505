package certs

import "fmt"

// Error is what is wrong with a certificate, and what to do about it.
type Error struct {
	Where string // the file or domain
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

// from makes an Error of a cause.
func from(where string, err error, hint, message string) *Error {
	return &Error{Where: where, Msg: fmt.Sprintf("%s: %v", message, err), Hint: hint, Err: err}
}
