// Package bonus has tests of timed bonuses with real processes and real clients.
package bonus

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"throng/internal/gateway/gatewaytest"
	"throng/internal/websocket"
	"throng/test/process"
)

const (
	bonuses = 8
	users   = 60
	silent  = 20 // of them, who never hear an answer before the kill
	quota   = 40
)

// answer is what a user was told of a claim.
type answer struct {
	Result    string
	Place, At int64
}

// TestKill: a kill -9 while 60 users claim eight bonuses. After the restart the same
// claims get the same answers, those who heard nothing find out what became of theirs,
// and the journal is what everybody was told: as many rows as the quota, each user once.
func TestKill(t *testing.T) {
	binary := process.Build(t, "./cmd/throng")
	args := []string{"--dev", "--set", "store.file=" + filepath.Join(t.TempDir(), "throng.db"), "--set", "engine.drain=100ms"}
	p := process.Start(t, binary, "serve", args...)
	for i := range bonuses {
		call(t, p, "bonus_create", fmt.Sprintf(`{"id":"b%d","quota":%d,"duration_ms":600000,"audience":{"channel":"room:1"}}`, i, quota), nil)
	}
	first := everybody(t, p, true, func(heard func() int) {
		for end := time.Now().Add(20 * time.Second); heard() == 0 || !unheard(t, p); time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Error("too little happened to kill the server")
				break
			}
		}
		p.Kill()
	})
	killed := time.Now().UnixMilli()

	p = process.Start(t, binary, "serve", args...)
	second := everybody(t, p, false, func(func() int) {})
	if len(second) != users*bonuses {
		t.Errorf("only %d claims were answered", len(second))
	}
	found := 0 // committed, and their answers were lost
	for key, a := range second {
		was, heard := first[key]
		switch {
		case heard && was != a:
			t.Errorf("%s was told %+v, and then %+v", key, was, a)
		case a.Result != "won" && a.Result != "exhausted":
			t.Errorf("%s: %+v", key, a)
		case !heard && a.Result == "won" && a.At < killed:
			found++
		}
	}
	if len(first) == 0 || found == 0 {
		t.Errorf("%d heard an answer before the kill, and %d had one that was lost: nothing was tried", len(first), found)
	}
	compare(t, p, second)
}

// unheard reports whether the journal has somebody who is deaf to the answer.
func unheard(t *testing.T, p *process.Server) bool {
	t.Helper()
	var j journal
	call(t, p, "bonus_claims", `{"id":"b0","limit":1000}`, &j)
	for _, c := range j.Claims {
		if n, err := strconv.Atoi(strings.TrimPrefix(c.User, "user")); err == nil && n < silent {
			return true
		}
	}
	return false
}

type journal struct {
	Claims []struct {
		User      string
		Place, At int64
	}
}

// compare holds the journal against what users were told.
func compare(t *testing.T, p *process.Server, told map[string]answer) {
	t.Helper()
	for i := range bonuses {
		id := fmt.Sprint("b", i)
		var journal journal
		call(t, p, "bonus_claims", fmt.Sprintf(`{"id":%q,"limit":1000}`, id), &journal)
		if len(journal.Claims) != quota {
			t.Errorf("%s: %d rows", id, len(journal.Claims))
		}
		for n, c := range journal.Claims {
			key := id + " " + c.User
			if a := told[key]; a.Result != "won" || a.Place != c.Place || a.At != c.At || c.Place != int64(n+1) {
				t.Errorf("%s: row %+v, told %+v", key, c, a)
			}
			delete(told, key)
		}
	}
	for key, a := range told {
		if a.Result == "won" {
			t.Errorf("%s was told %+v, and is not in the journal", key, a)
		}
	}
}

// everybody has all users claim all bonuses at once, and returns what they were told.
// meanwhile happens when they have begun, and may ask how many answers were heard.
func everybody(t *testing.T, p *process.Server, deaf bool, meanwhile func(heard func() int)) map[string]answer {
	t.Helper()
	addr, err := net.ResolveTCPAddr("tcp", p.Public())
	if err != nil {
		t.Fatal(err)
	}
	clients := make([]*gatewaytest.Client, users)
	for i := range clients {
		clients[i] = gatewaytest.Connect(t, addr, fmt.Sprintf("/socket/websocket?vsn=2.0.0&user_id=user%d", i))
		clients[i].Text(`["1","1","room:1","phx_join",{}]`)
	}
	var mu sync.Mutex
	told := make(map[string]answer)
	var all sync.WaitGroup
	for i, c := range clients {
		all.Go(func() {
			for n := range bonuses {
				id := fmt.Sprint("b", (n+i)%bonuses)
				a, err := claim(c, id, i, deaf && i < silent)
				if err != nil {
					return
				}
				if deaf && i < silent {
					continue
				}
				mu.Lock()
				told[fmt.Sprintf("%s user%d", id, i)] = a
				mu.Unlock()
			}
		})
	}
	meanwhile(func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(told)
	})
	all.Wait()
	for _, c := range clients {
		c.Close()
	}
	return told
}

// claim claims a bonus for a user, and waits for the answer unless the user is deaf. One
// that is temporary is no answer: the store may be busy.
func claim(c *gatewaytest.Client, id string, user int, deaf bool) (a answer, err error) {
	claim := fmt.Sprintf(`["1",%q,"room:1","bonus_claim",{"id":%[1]q,"claim_id":"of user%d"}]`, id, user)
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, err := c.Write(c.Frame(websocket.OpText, []byte(claim))); err != nil || deaf {
			return a, err
		}
		a, temporary, err := reply(c, id)
		if err != nil || !temporary || time.Now().After(end) {
			return a, err
		}
	}
}

// reply waits for the answer to a claim.
func reply(c *gatewaytest.Client, ref string) (a answer, temporary bool, err error) {
	for {
		m, err := c.Next()
		if err != nil {
			return a, false, err
		}
		var parts []json.RawMessage
		if json.Unmarshal(m.Data, &parts) != nil || len(parts) < 5 || string(parts[1]) != `"`+ref+`"` {
			continue
		}
		var r struct {
			Response struct {
				answer
				Temporary bool
			}
		}
		err = json.Unmarshal(parts[4], &r)
		return r.Response.answer, r.Response.Temporary, err
	}
}

// call calls a method of the API. A server that has just started may be busy with its
// store.
func call(t *testing.T, p *process.Server, method, body string, into any) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !tried(t, p, method, body, into); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: the store is never there: %s", method, p.Log())
		}
	}
}

// tried reports whether a method has answered; what is not temporary fails the test.
func tried(t *testing.T, p *process.Server, method, body string, into any) bool {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+p.Internal()+"/api/"+method, bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-API-Key", "dev")
	r.Close = true
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	var a struct {
		Result json.RawMessage
		Error  struct{ Temporary bool }
	}
	if err == nil && json.Unmarshal(b, &a) == nil && a.Error.Temporary {
		return false
	}
	if err != nil || a.Result == nil {
		t.Fatalf("%s: %v %s", method, err, b)
	}
	if into != nil {
		if err := json.Unmarshal(a.Result, into); err != nil {
			t.Fatal(err)
		}
	}
	return true
}
