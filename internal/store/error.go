package store

// Error is what is wrong with a database, and what an operator can do about it.
type Error struct {
	Msg, Hint string
	Err       error // the driver's
}

func (e *Error) Error() string { return e.Msg }

// Unwrap gives the driver's error.
func (e *Error) Unwrap() error { return e.Err }
