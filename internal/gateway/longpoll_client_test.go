package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"throng/internal/gateway/gatewaytest"
)

const ndjson = "application/x-ndjson"

// answer is what a long-poll request is answered.
type answer struct {
	Status   int      `json:"status"`
	Token    string   `json:"token"`
	Messages []string `json:"messages"`

	code int
	head http.Header
	text string
}

// poller is a long-poll client.
type poller struct {
	t     testing.TB
	http  *http.Client
	url   string
	query string
	token string
	head  http.Header
	got   []string // messages not yet looked at
}

// newPoller makes a client that has no session yet.
func newPoller(t testing.TB, s *gatewaytest.Server) *poller {
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	return &poller{
		t: t, http: &http.Client{Transport: tr}, head: http.Header{},
		url: "http://" + s.Addr().String() + "/socket/longpoll", query: "vsn=2.0.0",
	}
}

// connect opens a session.
func connect(t testing.TB, s *gatewaytest.Server) *poller {
	t.Helper()
	p := newPoller(t, s)
	p.open()
	return p
}

func (p *poller) open() {
	p.t.Helper()
	p.token = ""
	a := p.get()
	if a.code != 200 || a.Status != 410 || a.Token == "" || len(a.Messages) > 0 {
		p.t.Fatalf("first poll: %d %s", a.code, a.text)
	}
	p.token = a.Token
}

// try makes a request, which may fail.
func (p *poller) try(ctx context.Context, method, contentType, body string) (a answer, err error) {
	url := p.url + "?" + p.query
	if p.token != "" {
		url += "&token=" + p.token
	}
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return a, err
	}
	r.Header = p.head.Clone()
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	resp, err := p.http.Do(r)
	if err != nil {
		return a, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return a, err
	}
	a.code, a.head, a.text = resp.StatusCode, resp.Header, string(b)
	if len(b) > 0 {
		err = json.Unmarshal(b, &a)
	}
	return a, err
}

func (p *poller) request(method, contentType, body string) answer {
	p.t.Helper()
	a, err := p.try(p.t.Context(), method, contentType, body)
	if err != nil {
		p.t.Fatalf("%s: %v %q", method, err, a.text)
	}
	return a
}

func (p *poller) get() answer { p.t.Helper(); return p.request("GET", "", "") }

// push sends messages, which must be taken.
func (p *poller) push(messages ...string) {
	p.t.Helper()
	if a := p.request("POST", ndjson, strings.Join(messages, "\n")); a.Status != 200 || a.code != 200 {
		p.t.Fatalf("push: %d %s", a.code, a.text)
	}
}

// next polls until there is a message.
func (p *poller) next() string {
	p.t.Helper()
	for end := time.Now().Add(10 * time.Second); len(p.got) == 0; {
		if time.Now().After(end) {
			p.t.Fatal("no message")
		}
		switch a := p.get(); a.Status {
		case 200:
			if p.got = a.Messages; len(p.got) == 0 || a.Token != p.token {
				p.t.Fatalf("poll: %s", a.text)
			}
		case 204:
			if len(a.Messages) > 0 || a.Token != p.token {
				p.t.Fatalf("poll: %s", a.text)
			}
		default:
			p.t.Fatalf("poll: %s", a.text)
		}
	}
	m := p.got[0]
	p.got = p.got[1:]
	return m
}

func (p *poller) expect(messages ...string) {
	p.t.Helper()
	for _, want := range messages {
		if got := p.next(); got != want {
			p.t.Fatalf("got  %.300s\nwant %.300s", got, want)
		}
	}
}

// later polls aside; the answer comes on the channel. It returns when the poll
// waits at its session.
func (p *poller) later(ctx context.Context, s *gatewaytest.Server) <-chan answer {
	p.t.Helper()
	before := s.Gateway().Stats().Polls.Load()
	answers := make(chan answer, 1)
	go func() {
		a, err := p.try(ctx, "GET", "", "")
		if err != nil {
			a.text = fmt.Sprint(err)
		}
		answers <- a
	}()
	eventually(p.t, "the poll waits", func() bool { return s.Gateway().Stats().Polls.Load() > before })
	return answers
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never: " + what)
		}
	}
}
