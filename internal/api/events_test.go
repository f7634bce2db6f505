package api_test

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
	"time"

	"throng/internal/gateway/gatewaytest"
)

// Event streams and polls are clients as all others.
func TestEventStreams(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, engine string) {
		w := start(t, engine, nil)
		base := "http://" + w.server.Addr().String()
		res, err := w.client.Get(base + "/events?channel=room:x&user_id=ann")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		in := bufio.NewReader(res.Body)
		hear := func(want string) {
			t.Helper()
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					t.Fatalf("no %s: %v", want, err)
				}
				if strings.Contains(line, want) {
					return
				}
			}
		}
		hear("event: subscribed")
		epoch := result[published](w, "publish", `{"channel":"hist:x","data":1}`).Epoch
		polled := make(chan string, 1)
		go func() {
			res, err := w.client.Get(base + "/poll?channel=hist:x&user_id=ann&timeout=20&offset=1&epoch=" + epoch)
			if err != nil {
				polled <- err.Error()
				return
			}
			defer res.Body.Close()
			_, _ = bufio.NewReader(res.Body).Peek(1)
			polled <- http.StatusText(res.StatusCode)
		}()
		w.eventually("both are there", func() bool {
			select {
			case status := <-polled:
				t.Fatalf("the poll was answered %s", status)
			default:
			}
			return len(result[connections](w, "connections", `{"user":"ann"}`).Connections) == 2
		})
		kinds := map[string]string{}
		for _, one := range result[connections](w, "connections", `{}`).Connections {
			kinds[one.Transport] = one.Wire
		}
		if kinds["events"] != "event-stream" || kinds["poll"] != "json" {
			t.Errorf("%v", kinds)
		}
		w.want("presence_stats", `{"channel":"room:x"}`, `{"num_clients":1,"num_users":1}`)
		w.want("presence_stats", `{"channel":"hist:x"}`, `{"num_clients":1,"num_users":1}`)
		w.want("subscribe", `{"user":"ann","channel":"room:y"}`, `{"connections":1}`) // the poll waits for one answer
		hear("room:y")
		w.want("publish", `{"channel":"room:y","data":{"n":7}}`, `{"offset":0,"epoch":"","connections":1}`)
		hear(`{"n":7}`)
		w.want("disconnect", `{"user":"ann"}`, `{"connections":2}`)
		select {
		case status := <-polled:
			if status != http.StatusText(http.StatusServiceUnavailable) && status != http.StatusText(http.StatusForbidden) {
				t.Errorf("the poll was answered %s", status)
			}
		case <-time.After(10 * time.Second):
			t.Error("the poll goes on")
		}
		hear("force disconnect")
	})
}
