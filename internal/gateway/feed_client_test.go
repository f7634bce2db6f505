package gateway_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"throng"
	"throng/internal/gateway/gatewaytest"
)

// event is one of a stream.
type event struct {
	id, kind, data, retry string
}

// listener is a client of /events.
type listener struct {
	*gatewaytest.Client
	t    testing.TB
	head *http.Response
	body *bufio.Reader
}

// get sends a GET and returns the head of its answer.
func get(t testing.TB, s *gatewaytest.Server, target string, headers ...string) *listener {
	t.Helper()
	l := &listener{Client: gatewaytest.Dial(t, s.Addr()), t: t}
	l.ask(target, headers...)
	return l
}

func (l *listener) ask(target string, headers ...string) {
	l.t.Helper()
	l.Raw([]byte("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + strings.Join(append(headers, ""), "\r\n") + "\r\n"))
	if l.body == nil {
		l.body = bufio.NewReader(l.Client)
	}
	l.answered()
}

func (l *listener) answered() {
	l.t.Helper()
	_ = l.SetReadDeadline(time.Now().Add(10 * time.Second))
	var err error
	if l.head, err = http.ReadResponse(l.body, nil); err != nil {
		l.t.Fatalf("no answer: %v", err)
	}
}

// listen begins a stream.
func listen(t testing.TB, s *gatewaytest.Server, target string, headers ...string) *listener {
	t.Helper()
	l := get(t, s, target, append(headers, "Accept: text/event-stream")...)
	if kind := l.head.Header.Get("Content-Type"); l.head.StatusCode != 200 || kind != "text/event-stream; charset=utf-8" {
		t.Fatalf("answer %d %s: %s", l.head.StatusCode, kind, l.text())
	}
	return l
}

// text reads a whole answer.
func (l *listener) text() string {
	l.t.Helper()
	b, err := io.ReadAll(l.head.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	return string(b)
}

// next reads an event, those without data left out.
func (l *listener) next() (e event, err error) {
	for {
		_ = l.SetReadDeadline(time.Now().Add(10 * time.Second))
		line, err := l.body.ReadString('\n')
		if err != nil {
			return e, err
		}
		if line = strings.TrimSuffix(line, "\n"); line == "" && e.data != "" {
			return e, nil
		}
		field, value, _ := strings.Cut(line, ": ")
		switch field {
		case "id":
			e.id = value
		case "event":
			e.kind = value
		case "data":
			e.data = value
		case "retry":
			e.retry = value
		}
	}
}

// expect wants an event of a kind, "" for a publication.
func (l *listener) expect(kind string) event {
	l.t.Helper()
	e, err := l.next()
	if err != nil || e.kind != kind {
		l.t.Fatalf("%+v, %v, not an event %q", e, err, kind)
	}
	return e
}

// over wants the end of the stream.
func (l *listener) over() {
	l.t.Helper()
	if e, err := l.next(); !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
		l.t.Fatalf("%+v, %v, not the end", e, err)
	}
}

// beginning is the data of "subscribed".
type beginning struct {
	Channel                string
	Recoverable, Recovered bool
	Offset                 uint64
	Epoch                  string
}

func (l *listener) begins() (b beginning, id string) {
	l.t.Helper()
	e := l.expect("subscribed")
	decode(l.t, e.data, &b)
	return b, e.id
}

// published is a publication as it arrives.
type published struct {
	Channel string
	Offset  uint64
	Event   string
	Data    any
	Tags    map[string]string
	Time    int64
	Expires int64 `json:"expires_at"`
}

func (l *listener) publication() (p published, id string) {
	l.t.Helper()
	e := l.expect("")
	decode(l.t, e.data, &p)
	return p, e.id
}

func decode(t testing.TB, text string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
}

// publish publishes JSON and waits until it has its place.
func publish(t testing.TB, s *gatewaytest.Server, channel, data string) throng.Position {
	t.Helper()
	return publishAll(t, s, channel, &throng.Publication{Data: []byte(data)})
}

func publishAll(t testing.TB, s *gatewaytest.Server, channel string, p *throng.Publication) throng.Position {
	t.Helper()
	type outcome struct {
		r   throng.PublishResult
		err error
	}
	done := make(chan outcome, 1)
	s.Node().Broadcast(context.Background(), channel, p, "", func(r throng.PublishResult, err error) { done <- outcome{r, err} })
	o := <-done
	if o.err != nil {
		t.Fatal(o.err)
	}
	return o.r.Position
}

// polled is the answer to a poll.
type polled struct {
	Channel                string
	Offset                 uint64
	Epoch                  string
	Recoverable, Recovered bool
	Publications           []published
	Code                   uint32
}

func (l *listener) poll(target string) (p polled) {
	l.t.Helper()
	l.ask(target)
	decode(l.t, l.text(), &p)
	return p
}

// waits sends a poll that is not answered at once, and returns when it waits at the server,
// which had none before. Its answer comes later; the zero value where there is none.
func (l *listener) waits(s *gatewaytest.Server, target string) <-chan polled {
	l.t.Helper()
	stats := s.Gateway().Stats()
	waitFor(l.t, "end of the poll before", func() bool { return stats.PollsWaiting.Load() == 0 })
	done := make(chan polled, 1)
	go func() {
		defer close(done) // also where the test fails there
		done <- l.poll(target)
	}()
	waitFor(l.t, "poll that waits", func() bool { return stats.PollsWaiting.Load() == 1 })
	return done
}

// tokenEncoding is that of a JWT's parts.
var tokenEncoding = base64.RawURLEncoding

func newReader(l *listener) *bufio.Reader { return bufio.NewReader(l.Client) }

// noConn takes deadlines.
var noConn net.Conn = deaf{}

type deaf struct{ net.Conn }

func (deaf) SetReadDeadline(time.Time) error { return nil }
