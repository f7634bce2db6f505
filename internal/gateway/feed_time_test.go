package gateway_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"throng"
)

// beatEvery is how long a stream may be silent in fake time.
const beatEvery = 40 * time.Second

// page is what a request is answered, read while it is written.
type page struct {
	mu   sync.Mutex
	head http.Header
	code int
	b    bytes.Buffer
}

func (p *page) Header() http.Header { return p.head }

func (p *page) WriteHeader(code int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.code = code
}

func (p *page) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.Write(b)
}

func (p *page) Flush() {}

// feed makes a request for a feed, as HTTP/2 would. It is over when done is closed.
func (s *still) feed(ctx context.Context, target string) (w *page, done chan struct{}) {
	w, done = &page{head: http.Header{}}, make(chan struct{})
	r := httptest.NewRequestWithContext(ctx, "GET", target, nil)
	r.ProtoMajor, r.ProtoMinor = 2, 0
	go func() {
		defer close(done)
		s.gateway.Handler().ServeHTTP(w, r)
	}()
	synctest.Wait()
	return w, done
}

// written is what was written since it was asked last.
func written(w *page) string {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.b.Reset()
	return w.b.String()
}

func (s *still) publish(channel string, p *throng.Publication) {
	s.node.Broadcast(context.Background(), channel, p, "", nil)
	synctest.Wait()
}

// TestFakeTimeBeat: a stream is never silent for longer than 40 s.
func TestFakeTimeBeat(t *testing.T) {
	inFakeTime(t, func(s *still) {
		ctx, cancel := context.WithCancel(s.t.Context())
		w, done := s.feed(ctx, "/events?channel=a")
		written(w)
		for range 3 {
			time.Sleep(beatEvery - time.Second)
			if got := written(w); got != "" {
				t.Errorf("too early: %q", got)
			}
			time.Sleep(time.Second + tick)
			if got := written(w); got != ":\n\n" {
				t.Errorf("%q", got)
			}
		}
		timed, timedDone := s.feed(ctx, "/events?channel=a&time=1")
		if got, now := written(timed), fmt.Sprintf(`"time":%d}`, time.Now().UnixMilli()); !strings.Contains(got, now) {
			t.Errorf("it begins with %q", got)
		}
		time.Sleep(beatEvery + tick)
		if got, now := written(timed), time.Now().UnixMilli(); !strings.HasPrefix(got, "event: time\ndata: {\"time\":") || parseTime(got) < now-2*64 || parseTime(got) > now {
			t.Errorf("at %d %q", now, got)
		}
		written(w)
		time.Sleep(beatEvery / 2)
		s.publish("a", &throng.Publication{Data: []byte("1")})
		if got := written(w); !strings.Contains(got, `"data":1`) {
			t.Errorf("%q", got)
		}
		time.Sleep(beatEvery - time.Second)
		if got := written(w); got != "" {
			t.Errorf("it had heard something: %q", got)
		}
		time.Sleep(time.Second + tick)
		if got := written(w); got != ":\n\n" {
			t.Errorf("%q", got)
		}
		cancel()
		<-done
		<-timedDone
		synctest.Wait()
	})
}

// parseTime finds the server's time in an event.
func parseTime(event string) (at int64) {
	_, rest, _ := strings.Cut(event, `"time":`)
	_, _ = fmt.Sscanf(rest, "%d", &at)
	return at
}

// TestFakeTimeFeedPoll: a poll waits for as long as it was told, at most a minute.
func TestFakeTimeFeedPoll(t *testing.T) {
	inFakeTime(t, func(s *still) {
		for target, want := range map[string]time.Duration{
			"/poll?channel=a": 25 * time.Second, "/poll?channel=a&timeout=7": 7 * time.Second,
			"/poll?channel=a&timeout=0": 0, "/poll?channel=a&timeout=65535": time.Minute, "/poll?channel=hist:a&offset=0&epoch=e": 0,
		} {
			begin := time.Now()
			w, done := s.feed(s.t.Context(), target)
			<-done
			between(t, target, time.Since(begin), want)
			if got := written(w); w.code != 200 || !strings.Contains(got, `"publications":[]`) {
				t.Errorf("%s: %d %s", target, w.code, got)
			}
		}
	})
}

// TestFakeTimeFeedExpiry: what is out of date is sent neither from the history nor
// with a poll, and moves the position all the same.
func TestFakeTimeFeedExpiry(t *testing.T) {
	inFakeTime(t, func(s *still) {
		w, done := s.feed(s.t.Context(), "/poll?channel=hist:a")
		<-done
		var at polled
		decode(t, written(w), &at)
		s.publish("hist:a", &throng.Publication{Data: []byte("1"), ExpiresAt: time.Now().Add(time.Second).UnixMilli()})
		s.publish("hist:a", &throng.Publication{Data: []byte("2"), ExpiresAt: time.Now().Add(time.Minute).UnixMilli()})
		time.Sleep(2 * time.Second)
		w, done = s.feed(s.t.Context(), "/poll?channel=hist:a"+position(at))
		<-done
		if decode(t, written(w), &at); at.Offset != 2 || !at.Recovered || len(at.Publications) != 1 || at.Publications[0].Offset != 2 {
			t.Errorf("%+v", at)
		}
		s.publish("hist:a", &throng.Publication{Data: []byte("3"), ExpiresAt: time.Now().Add(time.Second).UnixMilli()})
		time.Sleep(2 * time.Second)
		begin := time.Now()
		w, done = s.feed(s.t.Context(), "/poll?channel=hist:a&timeout=5"+position(at))
		<-done
		between(t, "a poll with nothing to show", time.Since(begin), 5*time.Second)
		if decode(t, written(w), &at); at.Offset != 3 || !at.Recovered || len(at.Publications) != 0 {
			t.Errorf("%+v", at)
		}
	})
}
