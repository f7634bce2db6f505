package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"throng"
	"throng/internal/store"
)

// SQLite's primary result codes (sqlite.org/rescode.html).
const (
	errorCode    = 1
	permCode     = 3
	busyCode     = 5
	lockedCode   = 6
	readonlyCode = 8
	ioCode       = 10
	corruptCode  = 11
	fullCode     = 13
	cantOpenCode = 14
	notADBCode   = 26
)

// code is SQLite's primary result code of an error; 0 if it is not SQLite's.
func code(err error) int {
	var e interface {
		error
		Code() int
	}
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}

// barred is the end of a context while the file was locked.
type barred struct{ error }

func (barred) Code() int       { return busyCode }
func (b barred) Unwrap() error { return b.error }

// busy says that another process, or another connection, has the file locked.
func busy(err error) bool {
	c := code(err)
	return c == busyCode || c == lockedCode
}

// fatal says that the connection should not be used again. The general error is what a
// BEGIN within a transaction is answered with.
func fatal(err error) bool {
	switch code(err) {
	case errorCode, corruptCode, notADBCode, ioCode, cantOpenCode, readonlyCode:
		return true
	}
	return false
}

// complaints are what operators can do something about.
var complaints = map[int]struct{ what, hint string }{
	busyCode: {"the file is locked by another process",
		"one process may write at a time: end the one that holds it (fuser FILE names it), such as a sqlite3 shell within a transaction"},
	lockedCode: {"the file is locked by another connection", "try again"},
	readonlyCode: {"the file can't be written to",
		"file and directory must belong to the user that throng runs as, on a file system that is not mounted read-only"},
	permCode: {"the file can't be written to",
		"file and directory must belong to the user that throng runs as, on a file system that is not mounted read-only"},
	cantOpenCode: {"the file can't be opened",
		"the directory must exist and be writable: FILE-wal and FILE-shm are made beside the file"},
	fullCode: {"the disk is full",
		"make room, or keep visits for a shorter time; what could not be written is tried again"},
	ioCode: {"reading or writing the file failed",
		"look for errors of the disk in the kernel's log (dmesg), and whether it is full (df)"},
	corruptCode: {"the file is damaged",
		"stop throng, move the file away with its -wal and -shm, and start with an empty one; sqlite3 FILE .recover saves what can be read"},
	notADBCode: {"the file is not an SQLite database, or is damaged",
		"choose another file; if it was one, move it away and start with an empty one"},
}

// explain says what is wrong in an operator's words.
func (s *Store) explain(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrConnDone), err.Error() == "sql: database is closed": // which has no value
		return throng.ErrClosed
	case code(err) == 0 && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)):
		return fmt.Errorf("store: %s: %w", s.opts.File, err)
	case code(err) == 0:
		return err // not the database's
	}
	c, known := complaints[code(err)]
	if !known {
		return fmt.Errorf("store: %s: %w", s.opts.File, err)
	}
	return &store.Error{Msg: fmt.Sprintf("store: %s: %s", s.opts.File, c.what), Hint: c.hint, Err: err}
}
