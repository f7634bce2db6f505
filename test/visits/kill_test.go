// Package visits has tests of the books with real processes and real clients.
package visits

import (
	"context"
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
	killedLeft  = 100 // of them, some seconds before
	killedBeat  = 2000
)

// TestKill: after a kill -9 and a restart the visit of each of 1,000 users ended at the
// last beat, or when the user left if that was before, and nobody is online who is
// not.
func TestKill(t *testing.T) {
	binary := process.Build(t, "./cmd/throng")
	file := filepath.Join(t.TempDir(), "visits.db")
	args := []string{"--dev", "--set", "store.file=" + file, "--set", "node_name=one", "--set", "engine.drain=100ms"}
	p := process.Start(t, binary, "serve", args...)
	books := open(t, file)

	clients := make([]*gatewaytest.Client, killedUsers)
	for i := range clients {
		clients[i] = connect(t, p.Public(), i)
	}
	books.await(t, killedUsers)
	before := time.Now().UnixMilli()
	for _, c := range clients[:killedLeft] {
		c.Close()
	}
	after := time.Now().UnixMilli()
	time.Sleep(5 * time.Second) // some beats; the grace is not over
	killed := time.Now().UnixMilli()
	p.Kill()
	if n := len(books.online(t)); n < killedUsers-killedLeft {
		t.Errorf("before the restart %d are online", n)
	}

	p = process.Start(t, binary, "serve", args...)
	books.await(t, 0)
	list := books.visits(t)
	if len(list) != killedUsers {
		t.Errorf("there are %d visits of %d users", len(list), killedUsers)
	}
	ends := make(map[int64]int)
	for _, v := range list {
		var n int
		fmt.Sscanf(v.User, "user%d", &n)
		const slack = 100 // until the end of a socket is noticed; clocks are compared to some milliseconds
		switch {
		case v.Reason != throng.VisitCrashed:
			t.Errorf("%+v", v)
		case n < killedLeft && (v.EndedAt < before-slack || v.EndedAt > after+slack):
			t.Errorf("%s left between %d and %d, and its visit ended at %d", v.User, before, after, v.EndedAt)
		case n >= killedLeft:
			ends[v.EndedAt]++
			if v.EndedAt > killed+slack || v.EndedAt < killed-killedBeat-slack {
				t.Errorf("%s: its visit ended at %d, the kill was at %d", v.User, v.EndedAt, killed)
			}
		}
	}
	if len(ends) != 1 {
		t.Errorf("visits ended at %d times, not at the last beat: %v", len(ends), ends)
	}

	// And in good order.
	c := connect(t, p.Public(), killedUsers)
	books.await(t, 1)
	if err := p.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code, err := p.Wait(10 * time.Second); err != nil || code != 0 {
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
