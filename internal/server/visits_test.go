//go:build !nosqlite

package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"throng/internal/server"
)

// Who polls is not here, neither while the poll waits nor afterwards; who streams is.
func TestPollIsNoVisit(t *testing.T) {
	s := start(t, server.Options{Config: configured(t, map[string]string{"dev": "true", "auth.hmac_secret": secretText})})
	ask := func(path, user string) *http.Response {
		t.Helper()
		claims := fmt.Sprintf(`{"sub":%q,"iat":%d}`, user, time.Now().Unix()-60)
		r, err := http.Get(fmt.Sprintf("http://%s%s&token=%s", s.Public()[0], path, token(t, claims)))
		if err != nil || r.StatusCode != http.StatusOK {
			t.Fatalf("GET %s: %+v %v", path, r, err)
		}
		return r
	}
	polled := make(chan string, 1)
	go func() {
		r := ask("/poll?channel=room:a&timeout=30", "ann")
		defer r.Body.Close()
		body, _ := io.ReadAll(r.Body)
		polled <- string(body)
	}()
	stream := ask("/events?channel=hist:a", "bob")
	defer stream.Body.Close()
	if _, err := bufio.NewReader(stream.Body).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	url := fmt.Sprintf("http://%s/api/", s.Internal())
	call := func(method, body string) string {
		_, answer := post(t, url+method, "X-API-Key", "dev", body)
		return answer
	}
	until(t, func() bool { return strings.Contains(call("connections", `{}`), `"ann"`) }, "the poll is not there")
	until(t, func() bool { return strings.Contains(call("visits_online", `{}`), `"bob"`) }, "who streams is not here")
	if got := call("visits_user", `{"user":"ann"}`); !strings.Contains(got, `"online":false`) || !strings.Contains(got, `"here":{}`) {
		t.Errorf("who polls is here: %s", got)
	}
	call("publish", `{"channel":"room:a","data":{"x":1}}`)
	if body := <-polled; !strings.Contains(body, `"x":1`) {
		t.Errorf("the poll was answered with %s", body)
	}
	time.Sleep(300 * time.Millisecond) // more than what a row waits
	var got string
	until(t, func() bool { got = call("visits_sessions", `{}`); return strings.Contains(got, `"bob"`) }, "who streams is in no visit")
	if strings.Contains(got, `"ann"`) {
		t.Errorf("the visits are %s", got)
	}
}
