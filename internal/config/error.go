package config

import (
	"fmt"
	"strings"
)

// Error is one thing that is wrong with a configuration, and what to do about
// it. Msg starts with where it was said: file and line, variable or flag.
type Error struct{ Msg, Hint string }

func (e *Error) Error() string { return e.Msg }

// Errors is all that is wrong. Every error of Load is of this type.
type Errors []*Error

func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Msg
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives each error to errors.Is and errors.As.
func (es Errors) Unwrap() []error {
	list := make([]error, len(es))
	for i, e := range es {
		list[i] = e
	}
	return list
}

// fail makes an Error whose message has yet to be told where it happened.
func fail(hint, format string, args ...any) *Error {
	return &Error{Msg: fmt.Sprintf(format, args...), Hint: hint}
}

// at says where it happened.
func (e *Error) at(where string) *Error {
	return &Error{Msg: where + ": " + e.Msg, Hint: e.Hint}
}
