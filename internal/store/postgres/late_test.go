package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"testing"
	"time"

	"throng"
	"throng/internal/store/postgres"
	server "throng/test/postgres"
)

// doubt is a database, and a store that loses the answers of commits, which come late.
type doubt struct {
	*testing.T
	db    *server.Server
	dsn   string
	proxy *proxy
	far   *postgres.Store // behind the proxy
	near  *postgres.Store
}

// testLateCommit has commits come late: after their node gave up, asked what is there,
// and goes on from that. What it does then waits for them, and nothing is lost.
func testLateCommit(t *testing.T, db *server.Server) {
	dsn, err := url.Parse(db.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	d := &doubt{T: t, db: db, dsn: dsn.String(), proxy: newProxy(t, db.Addr())}
	d.near = open(t, d.dsn)
	dsn.Host = d.proxy.listen.Addr().String()
	d.far = open(t, dsn.String())

	d.save(change("ann", "e", 1, "a", "0"))
	d.late(change("ann", "e", 2, "a", "late"), "e 1 a=0", func(ctx context.Context) error {
		return d.near.SaveStates(ctx, changes(change("ann", "e", 2, "b", "2")))
	}, throng.ErrStateMoved, "e 2 a=late")

	d.late(change("bob", "f", 1, "a", "late"), " 0", func(ctx context.Context) error {
		return d.near.SaveStates(ctx, changes(change("bob", "g", 1, "b", "1")))
	}, throng.ErrStateMoved, "f 1 a=late")

	d.late(change("cid", "h", 1, "a", "late"), " 0", func(ctx context.Context) error {
		return d.near.ForgetState(ctx, "cid")
	}, nil, " 0")
	d.save(change("cid", "i", 1, "b", "1"))

	d.save(change("dan", "e", 1, "a", "0"))
	d.late(change("dan", "e", 2, "a", "late"), "e 1 a=0", func(ctx context.Context) error {
		return d.near.ForgetState(ctx, "dan")
	}, nil, " 0")
	if n := d.proxy.cuts.Load(); n != 4 {
		t.Errorf("%d commits were late, want 4", n)
	}
}

func change(user, epoch string, version uint64, key, value string) throng.StateChange {
	return throng.StateChange{User: user, Epoch: epoch, Entry: throng.StateEntry{Key: key, Value: []byte(value), Version: version}}
}

func changes(c ...throng.StateChange) []throng.StateChange { return c }

func (d *doubt) save(c throng.StateChange) {
	d.Helper()
	if err := d.near.SaveStates(d.Context(), changes(c)); err != nil {
		d.Fatal(err)
	}
}

// is wants what is there of a user.
func (d *doubt) is(user, want string) {
	d.Helper()
	st, _, err := d.near.LoadState(d.Context(), user, 0, 0, 0)
	if err != nil {
		d.Fatal(err)
	}
	got := fmt.Sprint(st.Epoch, " ", st.Version)
	for _, e := range st.Entries {
		got += fmt.Sprintf(" %s=%s", e.Key, e.Value)
	}
	if got != want {
		d.Errorf("there is %q of %s, want %q", got, user, want)
	}
}

// late makes a change whose commit is late: before it, there is what was. Then waits for
// it, and is told what is wanted; in the end there is what will be.
func (d *doubt) late(c throng.StateChange, was string, then func(context.Context) error, want error, will string) {
	d.Helper()
	ctx, giveUp := context.WithCancel(d.Context())
	defer giveUp()
	arrives, kept := make(chan struct{}), d.proxy.cuts.Load()
	arrive := sync.OnceFunc(func() { close(arrives) })
	defer arrive()
	d.proxy.late.Store(&arrives)
	done := make(chan error, 1)
	go func() { done <- d.far.SaveStates(ctx, changes(c)) }()
	for d.proxy.cuts.Load() == kept {
		time.Sleep(time.Millisecond)
	}
	giveUp()
	if err := <-done; err == nil {
		d.Fatal("a commit without an answer succeeded")
	}
	d.is(c.User, was)
	go func() { done <- then(d.Context()) }()
	for waits := ""; waits != "1"; time.Sleep(time.Millisecond) {
		waits = d.db.Query(d.T, d.dsn, `SELECT count(*) FROM pg_locks WHERE NOT granted`)
		select {
		case err := <-done:
			d.Fatalf("what came after a commit that is under way did not wait for it: %v", err)
		default:
		}
	}
	arrive()
	if err := <-done; !errors.Is(err, want) {
		d.Errorf("behind a late commit: %v, want %v", err, want)
	}
	d.is(c.User, will)
}
