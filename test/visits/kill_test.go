// Package visits has tests of the books with real processes and real clients.
package visits

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"throng"
	"throng/internal/gateway/gatewaytest"
	"throng/internal/store/sqlite"
	"throng/test/process"
)

const (
	killedUsers = 1000
	killedLeft  = 100 // of them, before
)

// TestKill: after a kill -9 and a restart the visit of each of 1,000 users ended at the
// last beat, or when the user left if that was before, and nobody is online who is
// not.
func TestKill(t *testing.T) {
	binary := process.Build(t, "./cmd/throng")
	file := filepath.Join(t.TempDir(), "visits.db")
	args := []string{"--dev", "--set", "store.file=" + file, "--set", "node_name=one", "--set", "engine.drain=100ms", "--set", "visits.grace=5m"}
	p := process.Start(t, binary, "serve", args...)
	books := open(t, file)
	lease := leaseIn(t, file)

	clients := make([]*gatewaytest.Client, killedUsers)
	for i := range clients {
		clients[i] = connect(t, p.Public(), i)
	}
	books.await(t, killedUsers)
	before := time.Now().UnixMilli()
	for _, c := range clients[:killedLeft] {
		c.Close()
	}
	awaitConnections(t, p, killedUsers-killedLeft)
	after := time.Now().UnixMilli()
	lease.await(t, "who left is noted", `SELECT count(*) = ? FROM online WHERE left_at IS NOT NULL`, killedLeft)
	for range 2 {
		lease.await(t, "a beat", `SELECT beat_at > ? FROM node_lease WHERE state = 0`, max(after, lease.beat(t)))
	}
	killed := time.Now().UnixMilli()
	p.Kill()
	beat := lease.beat(t)
	if beat > killed+slack {
		t.Errorf("the last beat was at %d, the kill at %d", beat, killed)
	}
	if n := len(books.online(t)); n < killedUsers-killedLeft {
		t.Errorf("before the restart %d are online", n)
	}

	p = process.Start(t, binary, "serve", args...)
	books.await(t, 0)
	list := books.visits(t)
	if len(list) != killedUsers {
		t.Errorf("there are %d visits of %d users", len(list), killedUsers)
	}
	for _, v := range list {
		var n int
		fmt.Sscanf(v.User, "user%d", &n)
		switch {
		case v.Reason != throng.VisitCrashed:
			t.Errorf("%+v", v)
		case n < killedLeft && (v.EndedAt < before-slack || v.EndedAt > after+slack):
			t.Errorf("%s left between %d and %d, and its visit ended at %d", v.User, before, after, v.EndedAt)
		case n >= killedLeft && v.EndedAt != beat:
			t.Errorf("%s: its visit ended at %d, the last beat was at %d", v.User, v.EndedAt, beat)
		}
	}

	// And in good order.
	c := connect(t, p.Public(), killedUsers)
	books.await(t, 1)
	if err := p.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code, err := p.Wait(20 * time.Second); err != nil || code != 0 {
		t.Errorf("after SIGTERM: exit code %d, %v", code, err)
	}
	c.Close()
	books.await(t, 0)
	for _, v := range books.visits(t) {
		if v.User == name(killedUsers) && v.Reason != throng.VisitDrained {
			t.Errorf("%+v", v)
		}
	}
}

// awaitConnections waits until a server has noticed that no more connections are left.
func awaitConnections(t *testing.T, p *process.Server, want int) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		n := value(t, p.Internal(), "throng_connections")
		if int(n) == want {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%v connections are left, not %d", n, want)
		}
	}
}

// lease is what the file says of the process that writes it.
type lease struct{ *sql.DB }

func leaseIn(t *testing.T, file string) lease {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return lease{db}
}

// beat is when the process last said that it lives.
func (l lease) beat(t *testing.T) (at int64) {
	t.Helper()
	if err := l.QueryRowContext(t.Context(), `SELECT beat_at FROM node_lease WHERE state = 0`).Scan(&at); err != nil {
		t.Fatal(err)
	}
	return at
}

// await waits until a question of one answer is answered with yes.
func (l lease) await(t *testing.T, what, question string, args ...any) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		var yes bool
		if err := l.QueryRowContext(t.Context(), question, args...).Scan(&yes); err != nil {
			t.Fatal(err)
		}
		if yes {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s: not within 20 s", what)
		}
	}
}

func name(i int) string { return fmt.Sprintf("user%d", i) }

func connect(t *testing.T, public string, i int) *gatewaytest.Client {
	t.Helper()
	addr, err := net.ResolveTCPAddr("tcp", public)
	if err != nil {
		t.Fatal(err)
	}
	return gatewaytest.Connect(t, addr, "/socket/websocket?vsn=2.0.0&user_id="+name(i))
}

// books is the file that the processes write, read beside them.
type books struct{ *sqlite.Store }

func open(t *testing.T, file string) books {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Options{File: file})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.Background()) }) // the test's context is over then
	return books{s}
}

func (b books) online(t *testing.T) (users []throng.OnlineUser) {
	t.Helper()
	page, err := b.Online(t.Context(), throng.OnlineQuery{Page: throng.Page{Limit: 10_000}})
	if err != nil {
		t.Fatal(err)
	}
	return page.Users
}

// await waits until so many are online.
func (b books) await(t *testing.T, users int) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); len(b.online(t)) != users; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d users are online, not %d", len(b.online(t)), users)
		}
	}
}

func (b books) visits(t *testing.T) []throng.Visit {
	t.Helper()
	list, next, err := b.Sessions(t.Context(), throng.VisitFilter{}, throng.Page{Limit: 10_000})
	if err != nil || next != "" {
		t.Fatalf("%d visits, and more at %q: %v", len(list), next, err)
	}
	return list
}
