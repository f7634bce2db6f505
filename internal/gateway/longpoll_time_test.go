package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"throng"
	"throng/internal/broker/memory"
	"throng/internal/gateway"
	"throng/internal/gateway/events"
	"throng/internal/gateway/phoenix"
	"throng/internal/hub"
	"throng/internal/loop"
	"throng/internal/node"
	"throng/internal/session"
	"throng/internal/websocket"
)

// In a bubble time is fake, so what a long-poll does when shows exactly. Requests
// are made without sockets.

// still is a server in fake time.
type still struct {
	t       *testing.T
	engine  *loop.Engine
	hub     *hub.Hub
	gateway *gateway.Gateway
	polls   http.Handler
	node    *node.Node
}

func inFakeTime(t *testing.T, test func(s *still)) { inFakeTimeIdle(t, time.Minute, test) }

// inFakeTimeIdle is inFakeTime with an idle timeout.
func inFakeTimeIdle(t *testing.T, idle time.Duration, test func(s *still)) {
	synctest.Test(t, func(t *testing.T) {
		s := &still{t: t}
		clock := throng.NewClock()
		var err error
		if s.engine, err = loop.New(loop.Options{Kind: loop.Goroutine, Loops: 1, Clock: clock}); err != nil {
			t.Fatal(err)
		}
		s.hub = hub.New(hub.Options{
			Mailboxes: []throng.Mailbox{s.engine.Mailbox(0)}, Clock: clock,
			Encoders: slices.Concat(phoenix.Encoders("message", phoenix.Compression{}, false), events.Encoders()),
		})
		s.engine.Attach(0, s.hub.Table(0))
		broker := memory.New(s.hub, memory.Options{Clock: clock})
		s.hub.Connect(broker)
		ns := &throng.Namespace{
			Subscribe: throng.Anybody, Publish: throng.Anybody, ClientEvents: throng.EventBroadcast,
		}
		s.node = node.New(node.Options{
			Hub: s.hub, Broker: broker, Post: s.engine.Post, Clock: clock,
			Namespaces: func(name string) *throng.Namespace {
				if name == "hist" {
					kept := *ns
					kept.Retention = throng.Retention{Size: 100, TTL: time.Hour}
					return &kept
				}
				return ns
			},
		})
		s.gateway = gateway.New(gateway.Options{Engine: s.engine, Clock: clock, Limits: websocket.Limits{MaxMessage: 64 << 10, MaxFragments: 100}})
		sockets := phoenix.New(phoenix.Options{
			Node: s.node, Clock: clock, Loops: 1, IdleTimeout: idle, Post: s.engine.Post,
			Limits: session.Limits{Channels: 100, QueueBytes: 1 << 20},
		})
		who := func(gateway.Credentials) (gateway.Verdict, gateway.Pending) { return gateway.Verdict{}, nil }
		s.polls = s.gateway.LongPoll(gateway.LongPollOptions{Phoenix: gateway.Phoenix{Gateway: sockets, Authenticate: who}})
		feeds := events.New(events.Options{
			Node: s.node, Clock: clock, Loops: 1, Limits: session.Limits{Channels: 100, QueueBytes: 1 << 20}, Beat: beatEvery,
			Encoding: uint8(len(phoenix.Encoders("", phoenix.Compression{}, false))), Post: s.engine.Post,
		})
		s.gateway.HandleFeed("/events", gateway.Feed{Events: feeds, Authenticate: who})
		s.gateway.HandleFeed("/poll", gateway.Feed{Events: feeds, Authenticate: who, Poll: true})
		s.engine.Start()
		test(s)
		if err := s.engine.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		_ = broker.Close(context.Background())
		if n := s.engine.Connections(); n != 0 || s.gateway.Stats().LongPolls.Load() != 0 || s.hub.Channels() != 0 {
			t.Errorf("%d connections, %d sessions, %d channels are left", n, s.gateway.Stats().LongPolls.Load(), s.hub.Channels())
		}
	})
}

// serve makes a request and waits for its answer.
func (s *still) serve(ctx context.Context, w http.ResponseWriter, method, token, body string) {
	r := httptest.NewRequestWithContext(ctx, method, "/socket/longpoll?vsn=2.0.0&token="+token, strings.NewReader(body))
	r.Header.Set("Content-Type", ndjson)
	s.polls.ServeHTTP(w, r)
}

func (s *still) request(method, token, body string) (a answer) {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.serve(s.t.Context(), w, method, token, body)
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		s.t.Fatalf("%s: %v %q", method, err, w.Body)
	}
	return a
}

func (s *still) later(ctx context.Context, w http.ResponseWriter, token string) (done chan struct{}) {
	done = make(chan struct{})
	go func() {
		defer close(done)
		s.serve(ctx, w, "GET", token, "")
	}()
	synctest.Wait()
	return done
}

func (s *still) open() (token string) {
	s.t.Helper()
	a := s.request("GET", "", "")
	if a.Status != 410 {
		s.t.Fatal(a)
	}
	if status := s.request("POST", a.Token, join).Status; status != 200 {
		s.t.Fatal(status)
	}
	if a := s.request("GET", a.Token, ""); len(a.Messages) != 1 || a.Messages[0] != joined {
		s.t.Fatal(a)
	}
	return a.Token
}

// gone wants the session to have ended.
func (s *still) gone(token string) {
	s.t.Helper()
	synctest.Wait()
	if n := s.gateway.Stats().LongPolls.Load(); n != 0 || s.hub.Channels() != 0 {
		s.t.Errorf("%d sessions, %d channels are left", n, s.hub.Channels())
	}
	if status := s.request("POST", token, beat).Status; status != 410 {
		s.t.Errorf("push: %d", status)
	}
}

// tick is how late a deadline may come.
const tick = 64*time.Millisecond + time.Millisecond

func between(t *testing.T, what string, took, least time.Duration) {
	t.Helper()
	if took < least || took > least+tick {
		t.Errorf("%s after %v, want %v", what, took, least)
	}
}

func TestFakeTimePollAndWindow(t *testing.T) {
	inFakeTime(t, func(s *still) {
		token := s.open()
		for range 30 { // five minutes: a client that polls is not idle
			begin := time.Now()
			if a := s.request("GET", token, ""); a.Status != 204 || a.Token != token {
				t.Fatalf("%+v", a)
			}
			between(t, "answered", time.Since(begin), 10*time.Second)
		}
		time.Sleep(14 * time.Second)
		if a := s.request("POST", token, beat); a.Status != 200 { // no poll: the window goes on
			t.Fatal(a)
		}
		time.Sleep(900 * time.Millisecond)
		if s.hub.Channels() != 1 {
			t.Error("ended too early")
		}
		time.Sleep(100*time.Millisecond + tick)
		s.gone(token)
	})
}

// A client that polls is not idle, however long nothing happens; one that does
// not is, even within the window.
func TestFakeTimePollIsNotIdle(t *testing.T) {
	inFakeTimeIdle(t, 3*time.Second, func(s *still) {
		token := s.open()
		for range 3 {
			if a := s.request("GET", token, ""); a.Status != 204 {
				t.Fatalf("%+v", a)
			}
			time.Sleep(2900 * time.Millisecond)
		}
		time.Sleep(100*time.Millisecond + 2*tick) // LastRead may be a tick early or late
		s.gone(token)
	})
}

// What expired while it waited for a poll is not sent.
func TestFakeTimeExpiry(t *testing.T) {
	inFakeTime(t, func(s *still) {
		token := s.open()
		for i, ttl := range []time.Duration{0, time.Second, time.Minute} {
			p := &throng.Publication{Event: "n", Data: []byte{byte('0' + i)}}
			if ttl > 0 {
				p.ExpiresAt = time.Now().Add(ttl).UnixMilli()
			}
			done := make(chan error, 1)
			s.node.Broadcast(s.t.Context(), "room:1", p, "", func(_ throng.PublishResult, err error) { done <- err })
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(2 * time.Second)
		a := s.request("GET", token, "")
		if got := strings.Join(a.Messages, " "); got != fmt.Sprintf(`[null,null,"room:1","n",0] [null,null,"room:1","n",2,{"expires_at":%d}]`, time.Now().Add(58*time.Second).UnixMilli()) {
			t.Errorf("got %s", got)
		}
	})
}

// A poll that was given up leaves the messages for the next one, and the window
// begins.
func TestFakeTimeWithdrawn(t *testing.T) {
	inFakeTime(t, func(s *still) {
		token := s.open()
		ctx, cancel := context.WithCancel(s.t.Context())
		w := httptest.NewRecorder()
		done := s.later(ctx, w, token)
		time.Sleep(5 * time.Second)
		cancel()
		<-done
		synctest.Wait()
		s.request("POST", token, beat)
		time.Sleep(14 * time.Second)
		if a := s.request("GET", token, ""); len(a.Messages) != 1 || a.Messages[0] != beaten {
			t.Fatalf("%+v", a)
		}
		if w.Body.Len() > 0 {
			t.Errorf("the one who left got %s", w.Body)
		}
	})
}

// broken is a client to which nothing can be written.
type broken struct{ http.ResponseWriter }

var errBroken = errors.New("broken")

func (broken) Write([]byte) (int, error) { return 0, errBroken }
func (broken) FlushError() error         { return errBroken }

// late is one whose answer stays in a buffer that can't be written.
type late struct{ http.ResponseWriter }

func (late) FlushError() error { return errBroken }

// justGone is the context of a client that goes between the loop's answer and its
// writing.
type justGone struct{ context.Context }

func (justGone) Err() error { return context.Canceled }

// Messages that did not reach their client end the session: what follows must not
// look like all there is.
func TestFakeTimeLostAnswer(t *testing.T) {
	for name, wrap := range map[string]func(http.ResponseWriter) http.ResponseWriter{
		"write": func(w http.ResponseWriter) http.ResponseWriter { return broken{w} },
		"flush": func(w http.ResponseWriter) http.ResponseWriter { return late{w} },
	} {
		t.Run(name, func(t *testing.T) {
			inFakeTime(t, func(s *still) {
				token := s.open()
				done := s.later(s.t.Context(), wrap(httptest.NewRecorder()), token)
				s.request("POST", token, beat)
				<-done
				s.gone(token)
			})
		})
	}
	t.Run("given up", func(t *testing.T) {
		inFakeTime(t, func(s *still) {
			token := s.open()
			s.request("POST", token, beat)
			w := httptest.NewRecorder()
			s.serve(justGone{s.t.Context()}, w, "GET", token, "")
			if w.Body.Len() > 0 {
				t.Errorf("written: %s", w.Body)
			}
			s.gone(token)
		})
	})
	t.Run("without messages", func(t *testing.T) { // nothing is lost with that
		inFakeTime(t, func(s *still) {
			token := s.open()
			<-s.later(s.t.Context(), broken{httptest.NewRecorder()}, token)
			s.request("POST", token, beat)
			if a := s.request("GET", token, ""); len(a.Messages) != 1 {
				t.Errorf("%+v", a)
			}
		})
	})
}

// What a session said before it was ended waits for a poll, not for longer than
// the window; its subscriptions end at once.
func TestFakeTimeEnd(t *testing.T) {
	inFakeTime(t, func(s *still) {
		token := s.open()
		if status := s.request("POST", token, beat+"\nbad").Status; status != 410 {
			t.Fatal(status)
		}
		synctest.Wait()
		if n := s.hub.Channels(); n != 0 {
			t.Errorf("%d channels after the end", n)
		}
		time.Sleep(14 * time.Second)
		if a := s.request("GET", token, ""); a.Status != 200 || len(a.Messages) != 1 {
			t.Errorf("%+v", a)
		}
		s.gone(token)

		token = s.open()
		s.request("POST", token, beat+"\nbad")
		time.Sleep(15*time.Second + tick)
		s.gone(token)

		token = s.open()
		w := httptest.NewRecorder()
		done := s.later(s.t.Context(), w, token)
		s.request("POST", token, "bad")
		<-done
		if w.Body.String() != `{"status":410,"token":null,"messages":[]}` {
			t.Errorf("the waiting poll got %s", w.Body)
		}
		s.gone(token)
	})
}

// A poll that waits at the shutdown gets what was said in the same turn.
func TestFakeTimeShutdown(t *testing.T) {
	inFakeTime(t, func(s *still) {
		token := s.open()
		w := httptest.NewRecorder()
		done := s.later(s.t.Context(), w, token)
		busy := stuck{make(chan struct{})}
		s.engine.Mailbox(0).Post(busy)
		synctest.Wait() // what follows comes in one turn
		pushed, drained := make(chan struct{}), make(chan error, 1)
		go func() {
			defer close(pushed)
			s.serve(s.t.Context(), httptest.NewRecorder(), "POST", token, beat)
		}()
		synctest.Wait()
		s.engine.CloseListeners()
		go func() { drained <- s.engine.Drain(s.t.Context(), 0) }()
		synctest.Wait()
		close(busy.until)
		<-done
		<-pushed
		if err := <-drained; err != nil {
			t.Error(err)
		}
		var a answer
		if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || len(a.Messages) != 1 || a.Messages[0] != beaten {
			t.Errorf("%s: %v", w.Body, err)
		}
	})
}

// stuck is a task that keeps a loop busy.
type stuck struct{ until chan struct{} }

func (t stuck) Run(int) { <-t.until }

// Messages that the loop did not take in time are not taken later.
func TestFakeTimeDispatch(t *testing.T) {
	inFakeTime(t, func(s *still) {
		token := s.open()
		busy := stuck{make(chan struct{})}
		s.engine.Mailbox(0).Post(busy)
		begin := time.Now()
		if status := s.request("POST", token, beat).Status; status != 408 || time.Since(begin) != 5*time.Second {
			t.Errorf("%d after %v", status, time.Since(begin))
		}
		close(busy.until)
		if a := s.request("GET", token, ""); a.Status != 204 {
			t.Errorf("%+v", a)
		}
	})
}

// A request whose client has gone does not wait for a loop that does not come.
func TestFakeTimeOpenGivenUp(t *testing.T) {
	inFakeTime(t, func(s *still) {
		busy := stuck{make(chan struct{})}
		s.engine.Mailbox(0).Post(busy)
		ctx, cancel := context.WithCancel(s.t.Context())
		done := s.later(ctx, httptest.NewRecorder(), "")
		cancel()
		<-done
		close(busy.until)
		synctest.Wait()
		if n := s.gateway.Stats().LongPolls.Load(); n != 1 {
			t.Errorf("%d sessions", n)
		}
		time.Sleep(15*time.Second + tick)
		if n := s.gateway.Stats().LongPolls.Load(); n != 0 {
			t.Errorf("%d sessions after the window", n)
		}
	})
}
