package postgres_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"throng"
	"throng/internal/store"
	"throng/internal/store/postgres"
	server "throng/test/postgres"
)

func open(t *testing.T, dsn string) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), postgres.Options{DSN: dsn})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// complaint fails the test unless err has a hint, and says what it should.
func complaint(t *testing.T, err error, says string) {
	t.Helper()
	var e *store.Error
	if !errors.As(err, &e) || e.Hint == "" || !strings.Contains(e.Msg, says) {
		t.Errorf("%v (%T), want an error with a hint that says %q", err, err, says)
		return
	}
	if strings.Contains(e.Msg+e.Hint, server.Password) {
		t.Errorf("the password is in %q", e.Msg)
	}
	t.Logf("error: %s\n  hint: %s", e.Msg, e.Hint)
}

func testOpenSaysWhatIsWrong(t *testing.T, db *server.Server) {
	good := db.Database(t)
	change := func(edit func(u *url.URL)) string {
		u, err := url.Parse(good)
		if err != nil {
			t.Fatal(err)
		}
		edit(u)
		return u.String()
	}
	db.Query(t, good, `CREATE ROLE guest LOGIN PASSWORD 'guest'`)
	db.Query(t, good, `CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0`)
	future := db.Database(t)
	open(t, future)
	db.Query(t, future, `INSERT INTO schema_version VALUES (99)`)
	for says, dsn := range map[string]string{
		"wrong password":   change(func(u *url.URL) { u.User = url.UserPassword(server.User, "wrong") }),
		"no such database": change(func(u *url.URL) { u.Path = "/none" }),
		"no connection":    change(func(u *url.URL) { u.Host = "127.0.0.1:1" }),
		"no such host":     change(func(u *url.URL) { u.Host = "none.invalid:5432" }),
		"can't be read":    "postgres://user:pass%zz@host/db",
		"may not do that":  change(func(u *url.URL) { u.User = url.UserPassword("guest", "guest") }),
		"version 99":       future,
		"LATIN1":           db.URL("latin"),
		"read-only":        change(func(u *url.URL) { u.RawQuery += "&options=-c%20default_transaction_read_only%3Don" }),
	} {
		_, err := postgres.Open(t.Context(), postgres.Options{DSN: dsn})
		if err == nil {
			t.Errorf("%s: opened", says)
			continue
		}
		complaint(t, err, says)
	}
}

func testReadOnlyLater(t *testing.T, db *server.Server) {
	dsn := db.Database(t)
	open(t, dsn) // makes the tables
	s := open(t, dsn+"&options=-c%20default_transaction_read_only%3Don")
	_, err := s.Acquire(t.Context(), "a")
	complaint(t, err, "read-only")
	if _, err := s.Online(t.Context(), throng.OnlineQuery{Page: throng.Page{Limit: 1}}); err != nil {
		t.Errorf("who only asks is refused: %v", err)
	}
}

// testServerComesAndGoes stops the server under a store, and starts it again.
func testServerComesAndGoes(t *testing.T, db *server.Server) {
	s := open(t, db.Database(t))
	lease, err := s.Acquire(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	f := throng.VisitFlush{Sequence: 1, At: lease.Now, Opened: []throng.Visit{{User: "ann", StartedAt: lease.Now}}}
	for name, end := range map[string]func(){"stopped": func() { db.Stop(t) }, "killed": db.Kill} {
		end()
		if _, err := s.Flush(t.Context(), lease, &f); err == nil {
			t.Errorf("%s: a flush succeeds without a server", name)
		} else {
			t.Logf("%s: %v", name, err)
		}
		_, err := s.Flush(t.Context(), lease, &f)
		complaint(t, err, "no connection")
		db.Restart(t)
		// Without fsync what was written before a crash is still there: the system did not
		// crash.
		if _, err := s.Flush(t.Context(), lease, &f); err != nil {
			t.Errorf("after it was %s: %v", name, err)
		}
		f.Sequence++
	}
	page, err := s.Online(t.Context(), throng.OnlineQuery{Page: throng.Page{Limit: 10}})
	if err != nil || page.Total != 1 {
		t.Errorf("online: %+v, %v", page, err)
	}
}

// testPaused holds calls to their contexts while the server answers nothing.
func testPaused(t *testing.T, db *server.Server) {
	dsn := db.Database(t)
	s := open(t, dsn)
	lease, err := s.Acquire(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	f := throng.VisitFlush{Sequence: 1, At: lease.Now, Closed: []throng.Visit{{User: "ann", StartedAt: lease.Now, EndedAt: lease.Now + 1}}}
	db.Pause()
	t.Cleanup(db.Resume)
	for what, call := range map[string]func(ctx context.Context) error{
		"Flush":  func(ctx context.Context) error { _, err := s.Flush(ctx, lease, &f); return err },
		"Online": func(ctx context.Context) error { _, err := s.Online(ctx, throng.OnlineQuery{}); return err },
		"Open": func(ctx context.Context) error {
			_, err := postgres.Open(ctx, postgres.Options{DSN: dsn})
			return err
		},
	} {
		// A call that does not care goes on for ten seconds, or for ever.
		const bound, late = 300 * time.Millisecond, 8 * time.Second
		ctx, cancel := context.WithTimeout(t.Context(), bound)
		begin := time.Now()
		err := call(ctx)
		cancel()
		if took := time.Since(begin); err == nil || took > late {
			t.Errorf("%s: %v after %v, want an error after %v", what, err, took, bound)
		}
	}
	db.Resume()
	if _, err := s.Flush(t.Context(), lease, &f); err != nil {
		t.Fatal(err)
	}
	page, _, err := s.Sessions(t.Context(), throng.VisitFilter{}, throng.Page{Limit: 10})
	if err != nil || len(page) != 1 {
		t.Errorf("visits: %+v, %v, want one", page, err)
	}
}
