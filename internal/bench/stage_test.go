package bench_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"throng/internal/bench"
	"throng/internal/bench/load"
	"throng/internal/bench/report"
	"throng/internal/bench/scenario"
	"throng/internal/protocol/phoenix"
	"throng/internal/websocket"
)

// stage is a small server that speaks Phoenix's wire, on goroutines. What it does
// wrong is up to the test.
type stage struct {
	addr  string // to listen on; "": a free port
	ln    net.Listener
	conns sync.WaitGroup

	// answer says what to do with a connection's first bytes instead of accepting
	// the handshake; nil: accept.
	answer func(nc net.Conn)
	// change says what a subscriber gets instead of the n-th broadcast to it, from
	// 1; nil: that broadcast.
	change func(n int, frame []byte) [][]byte
	// reply makes the response to an event; nil: ok.
	reply func(m *phoenix.Message) (status string)

	mu   sync.Mutex
	open map[net.Conn]*actor
}

// actor is a client that the stage serves.
type actor struct {
	nc    net.Conn
	topic string
	got   int
}

// perform serves until the test ends.
func perform(t *testing.T, s *stage) *stage {
	t.Helper()
	if s.addr == "" {
		s.addr = "127.0.0.1:0"
	}
	ln, err := net.Listen("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	s.ln, s.open = ln, map[net.Conn]*actor{}
	s.conns.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			s.conns.Go(func() { s.serve(nc) })
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		s.mu.Lock()
		for nc := range s.open {
			_ = nc.Close()
		}
		s.mu.Unlock()
		s.conns.Wait()
	})
	return s
}

func (s *stage) url() string { return "ws://" + s.ln.Addr().String() + "/socket" }

func (s *stage) serve(nc net.Conn) {
	a := &actor{nc: nc}
	s.mu.Lock()
	s.open[nc] = a
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.open, nc)
		s.mu.Unlock()
		_ = nc.Close()
	}()
	b := make([]byte, 64<<10)
	n := 0
	for websocket.HeadEnd(b[:n], 0) < 0 {
		k, err := nc.Read(b[n:])
		if err != nil {
			return
		}
		n += k
	}
	if s.answer != nil {
		s.answer(nc)
		return
	}
	var r websocket.Request
	end := websocket.HeadEnd(b[:n], 0)
	if websocket.ParseRequest(b[:end], &r) != nil {
		return
	}
	if _, err := nc.Write(websocket.AppendResponse(nil, r.Key, "")); err != nil {
		return
	}
	s.play(a, b, copy(b, b[end:n]))
}

func (s *stage) play(a *actor, b []byte, n int) {
	var reader websocket.Reader
	limits := websocket.Limits{MaxMessage: 1 << 20, MaxFragments: 1}
	for {
		used := 0
		for {
			m, k, ok, err := reader.Next(b[used:n], &limits)
			used += k
			if err != nil {
				return
			}
			if !ok {
				break
			}
			if m.Op == websocket.OpText && !s.hear(a, m.Data) {
				return
			}
		}
		n = copy(b, b[used:n])
		k, err := a.nc.Read(b[n:])
		if err != nil {
			return
		}
		n += k
	}
}

func (s *stage) hear(a *actor, data []byte) bool {
	var d phoenix.Decoder
	var m phoenix.Message
	if d.Text(phoenix.V2, data, &m) != nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	status := "ok"
	if s.reply != nil {
		status = s.reply(&m)
	}
	switch string(m.Event) {
	case "phx_join":
		a.topic, a.got = string(m.Topic), 0
	case "phx_leave":
		a.topic = ""
	case "msg":
		frame := phoenix.AppendBroadcast(nil, phoenix.V2, 0, string(m.Topic), "msg", m.Payload)
		for _, other := range s.open {
			if other.topic == string(m.Topic) {
				s.broadcast(other, frame)
			}
		}
	}
	if status == "" {
		return true
	}
	a.say(phoenix.AppendReply(nil, phoenix.V2, m.JoinRef, m.Ref, string(m.Topic), status, []byte(`{"reason":"because"}`)))
	return true
}

func (s *stage) broadcast(a *actor, frame []byte) {
	a.got++
	if s.change == nil {
		a.say(frame)
		return
	}
	for _, f := range s.change(a.got, frame) {
		a.say(f)
	}
}

func (a *actor) say(frame []byte) {
	_, _ = a.nc.Write(websocket.AppendFrame(nil, websocket.OpText, frame))
}

// crew starts load generating processes within this one.
func crew() (io.ReadWriteCloser, error) {
	orders, ordered := io.Pipe()
	noted, notes := io.Pipe()
	go func() { notes.CloseWithError(load.Serve(orders, notes)) }()
	return &pipe{ordered, noted}, nil
}

type pipe struct {
	*io.PipeWriter
	in *io.PipeReader
}

func (p *pipe) Read(b []byte) (int, error) { return p.in.Read(b) }
func (p *pipe) Close() error               { return errors.Join(p.PipeWriter.Close(), p.in.Close()) }

// measure runs a built-in scenario against targets.
func measure(t *testing.T, name string, o scenario.Options, more func(*bench.Options)) (*report.Report, error) {
	t.Helper()
	s, err := scenario.Builtin(name, o)
	if err != nil {
		t.Fatal(err)
	}
	options := bench.Options{Scenario: s, Spawn: crew}
	if more != nil {
		more(&options)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	r, err := bench.Run(ctx, options)
	if r != nil {
		t.Logf("checks %+v, failures %v, warnings %v, error %v", r.Checks, r.Failures, r.Warnings, err)
	}
	return r, err
}

// hasFailure reports whether a reason contains a text.
func hasFailure(r *report.Report, text string) bool {
	for reason := range r.Failures {
		if strings.Contains(reason, text) {
			return true
		}
	}
	return false
}

// refusing makes a reply that accepts so many joins and refuses the others.
func refusing(joins *int, accepted int) func(*phoenix.Message) string {
	return func(m *phoenix.Message) string {
		if string(m.Event) == "phx_join" {
			if *joins++; *joins > accepted {
				return "error"
			}
		}
		return "ok"
	}
}
