//go:build !nosqlite

package server_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"throng"
	"throng/internal/gateway/gatewaytest"
	"throng/internal/websocket"
)

// heldServer is a server with tokens and a store, for which claims wait until release.
func heldServer(t *testing.T, engine string) (s *gatewaytest.Server, hold func() (release func())) {
	t.Helper()
	o := gatewaytest.Options(engine)
	o.Config.Store.Kind, o.Config.Store.File = "sqlite", filepath.Join(t.TempDir(), "throng.db")
	o.Config.Internal, o.Config.Auth.HMACSecret = "127.0.0.1:0", secretText
	return gatewaytest.Start(t, o), func() func() {
		other, err := sql.Open("sqlite", o.Config.Store.File)
		if err != nil {
			t.Fatal(err)
		}
		other.SetMaxOpenConns(1)
		if _, err := other.Exec("PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE"); err != nil {
			t.Fatal(err)
		}
		return func() {
			if _, err := other.Exec("ROLLBACK"); err != nil {
				t.Error(err)
			}
			_ = other.Close()
		}
	}
}

// waits waits until so many claims do.
func waits(t *testing.T, s *gatewaytest.Server, n int) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		_, waiting, _ := s.Bonuses().Count()
		switch {
		case waiting == n:
			return
		case time.Now().After(end):
			t.Fatalf("%d claims wait, want %d", waiting, n)
		}
	}
}

// openTab is a tab of the user of a token, in a room.
func openTab(t *testing.T, s *gatewaytest.Server, claims string) *screen {
	t.Helper()
	c := &screen{Client: gatewaytest.Connect(t, s.Addr(), "/socket/websocket?vsn=2.0.0&token="+token(t, claims)), t: t}
	c.Text(`["1","1","room:1","phx_join",{}]`)
	if r := c.next("phx_reply"); !strings.Contains(r, `"ok"`) {
		t.Fatal(r)
	}
	return c
}

// TestRevokedMeanwhile: the claims of users who are revoked, or disconnected, while the
// store decides, are in the books as they came; others go on from there, and who comes
// back hears so.
func TestRevokedMeanwhile(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, engine string) {
		s, hold := heldServer(t, engine)
		call := func(method, body, want string) {
			t.Helper()
			if status, answer := post(t, fmt.Sprintf("http://%s/api/%s", s.Internal(), method), "X-API-Key", "dev", body); status != 200 || !strings.Contains(answer, want) {
				t.Errorf("%s %s: %d %s, want %s", method, body, status, answer, want)
			}
		}
		now := time.Now().Unix()
		if _, err := s.Bonuses().Create(t.Context(), throng.Bonus{ID: "b", Quota: 2, Deadline: now*1000 + 60_000, Audience: throng.Audience{Channel: "room:1"}}); err != nil {
			t.Fatal(err)
		}
		var tabs []*screen
		for _, user := range []string{"ann", "bob", "cid"} {
			tabs = append(tabs, openTab(t, s, fmt.Sprintf(`{"sub":%q,"iat":%d}`, user, now-60)))
		}
		release := hold()
		for i, c := range tabs {
			c.Text(`["1","2","room:1","bonus_claim",{"id":"b","claim_id":"c"}]`)
			waits(t, s, i+1)
		}
		call("revoke_token", `{"user":"ann"}`, `"connections":1`)
		call("disconnect", `{"user":"bob"}`, `"connections":1`)
		for i, want := range []uint16{3500, 1001} {
			if code, _ := tabs[i].CloseCode(); code != want {
				t.Errorf("closed with %d, want %d", code, want)
			}
		}
		_, waiting, _ := s.Bonuses().Count()
		release()
		if r := tabs[2].next("phx_reply"); waiting != 3 || !strings.Contains(r, `"result":"exhausted"`) {
			t.Errorf("with %d that waited: %s", waiting, r)
		}
		journal, _, err := s.Bonuses().Claims(t.Context(), throng.ClaimFilter{Bonus: "b"}, throng.Page{Limit: 10})
		if err != nil || len(journal) != 2 || journal[0].User != "ann" || journal[1].User != "bob" {
			t.Errorf("the journal: %+v, %v", journal, err)
		}
		for i, user := range []string{"ann", "bob"} {
			c := openTab(t, s, fmt.Sprintf(`{"sub":%q,"iat":%d}`, user, time.Now().Unix()+2)) // after it was revoked
			if r := c.ask("room:1", "bonus_claim", `{"id":"b","claim_id":"c"}`); !strings.Contains(r, fmt.Sprintf(`"result":"won","place":%d,`, i+1)) {
				t.Error(r)
			}
		}
	})
}

// TestPaddedClaims: a claim that waits holds what it is about, not the message it came in.
func TestPaddedClaims(t *testing.T) {
	const claims, padding = 300, 60 << 10
	s, hold := heldServer(t, "goroutine")
	if _, err := s.Bonuses().Create(t.Context(), throng.Bonus{ID: "b", Deadline: time.Now().UnixMilli() + 60_000, Audience: throng.Audience{Channel: "room:1"}}); err != nil {
		t.Fatal(err)
	}
	c := openTab(t, s, `{"sub":"eve"}`)
	message := c.Frame(websocket.OpText, fmt.Appendf(nil, `["1","2","room:1","bonus_claim",{"id":"b","pad":"%s"}]`, strings.Repeat("x", padding)))
	defer hold()()
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	for range claims {
		c.Raw(message)
	}
	waits(t, s, claims)
	if each := (heap() - before) / claims; each > padding/10 {
		t.Errorf("a claim that waits takes %d bytes", each)
	}
}
