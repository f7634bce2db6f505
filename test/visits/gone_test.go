package visits

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"throng"
	"throng/internal/gateway/gatewaytest"
)

// recorded is a server that finds out soon that a client is gone, and waits for nobody
// to come back.
func recorded(t *testing.T, kind string) (*gatewaytest.Server, books) {
	t.Helper()
	o := gatewaytest.Options(kind)
	file := filepath.Join(t.TempDir(), "throng.db")
	o.Config.Store.Kind, o.Config.Store.File = "sqlite", file
	o.Config.Visits.Grace, o.Config.Visits.Beat = 0, 200*time.Millisecond
	o.Config.WebSocket.PingInterval, o.Config.WebSocket.PongTimeout = 2500*time.Millisecond, time.Second
	o.Config.Phoenix.PollWindow = pollWindow
	s := gatewaytest.Start(t, o)
	return s, open(t, file)
}

const (
	pollWindow = 3 * time.Second
	pollAnswer = pollWindow * 2 / 3 // after which a poll is answered with nothing
	// while is how long a client is there before it shows for the last time. It is far
	// below the times after which who is silent is gone.
	while = 500 * time.Millisecond
)

// ended waits for the end of the one visit that there is.
func (b books) ended(t *testing.T) throng.Visit {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if list := b.visits(t); len(list) == 1 && list[0].Reason != throng.VisitOpen {
			return list[0]
		}
		if time.Now().After(end) {
			t.Fatalf("the visits are %+v", b.visits(t))
		}
	}
}

// slack is by how much a time of the books may differ from what is seen from outside: a
// tick of the loop, and what the two clocks do.
const slack = 250

// wantEnd wants the visit to end where the server heard the client for the last time:
// after the client began to say that, and before it was seen to be understood.
func (b books) wantEnd(t *testing.T, said, understood int64) {
	t.Helper()
	if v := b.ended(t); v.EndedAt < said-slack || v.EndedAt > understood+slack {
		t.Errorf("the client was last heard between %d and %d ms after its visit ended", said-v.EndedAt, understood-v.EndedAt)
	}
}

func now() int64 { return time.Now().UnixMilli() }

// TestGoneWebSocket: a client that does not answer a ping was there until its last
// bytes.
func TestGoneWebSocket(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		s, books := recorded(t, kind)
		c := gatewaytest.Connect(t, s.Addr(), "/socket/websocket?vsn=2.0.0&user_id=ann")
		time.Sleep(while)
		said := now()
		c.Text(`[null,"1","phoenix","heartbeat",{}]`)
		c.Expect(`[null,"1","phoenix","phx_reply",{"status":"ok","response":{}}]`)
		books.wantEnd(t, said, now())
	})
}

// TestGoneClosed: one that closes was there until then.
func TestGoneClosed(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		s, books := recorded(t, kind)
		c := gatewaytest.Connect(t, s.Addr(), "/socket/websocket?vsn=2.0.0&user_id=ann")
		time.Sleep(while)
		said := now()
		_ = c.Close()
		s.Empty(t)
		books.wantEnd(t, said, now())
	})
}

// TestGoneLongPoll: a client that does not poll any more was there until its last
// request, not until the answer to it.
func TestGoneLongPoll(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		s, books := recorded(t, kind)
		url := "http://" + s.Addr().String() + "/socket/longpoll?vsn=2.0.0&user_id=ann"
		token := poll(t, url)
		time.Sleep(while)
		said := now()
		poll(t, url+"&token="+token) // which waits for its whole time
		books.wantEnd(t, said, now()-pollAnswer.Milliseconds())
	})
}

// poll makes one request of a long-poll and returns the token for the next.
func poll(t *testing.T, url string) (token string) {
	t.Helper()
	tr := &http.Transport{DisableKeepAlives: true}
	res, err := (&http.Client{Transport: tr, Timeout: 10 * time.Second}).Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var answer struct{ Token string }
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return answer.Token
}

// TestGoneStream: a client of an event stream that closes was there until then.
func TestGoneStream(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		s, books := recorded(t, kind)
		c := gatewaytest.Dial(t, s.Addr())
		c.Raw([]byte("GET /events?channel=a&user_id=ann HTTP/1.1\r\nHost: localhost\r\n\r\n"))
		if status, _, _ := c.Response("GET"); status != http.StatusOK {
			t.Fatalf("answered %d", status)
		}
		time.Sleep(while)
		said := now()
		_ = c.Close()
		s.Empty(t)
		books.wantEnd(t, said, now())
	})
}
