package sqlite

import (
	"log/slog"
	"net/url"
	"path/filepath"
	"time"
)

// Options says where a store is.
type Options struct {
	// File is the database; it is made if there is none. Beside it lie FILE-wal and
	// FILE-shm.
	File string
	// Log is told of what the store does by itself.
	Log *slog.Logger
	// Wait is how long another process that has the file locked is waited for; 0 means
	// 5 s.
	Wait time.Duration
	// Readers is how many questions are answered at once; 0 means 4.
	Readers int
	// Skew is added to the system's clock; nil for nothing. Tests move time with it.
	Skew func() time.Duration
}

func (o *Options) complete() {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Wait == 0 {
		o.Wait = 5 * time.Second
	}
	if o.Readers == 0 {
		o.Readers = 4
	}
	if o.Skew == nil {
		o.Skew = func() time.Duration { return 0 }
	}
}

// source is the file's name for the driver, with what each connection is set to. The
// driver's own waiting can't be cancelled, so it is short, and patiently asks again.
func (o *Options) source(pragmas ...string) (string, error) {
	path, err := filepath.Abs(o.File)
	if err != nil {
		return "", err
	}
	if path = filepath.ToSlash(path); path[0] != '/' {
		path = "/" + path // a drive's letter
	}
	q := url.Values{"_pragma": append([]string{"busy_timeout(20)"}, pragmas...)}
	u := url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}
	return u.String(), nil
}
