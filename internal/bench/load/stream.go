package load

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"
)

// streams carry connections on goroutines: one reads, one writes.
type streams struct {
	w       *Worker
	inbox   chan news
	dialers []net.Dialer
	active  sync.WaitGroup
	ctx     context.Context
	cancel  context.CancelFunc
}

// stream is one connection.
type stream struct {
	ctx    context.Context // until it is dropped
	cancel context.CancelFunc
	wake   chan struct{} // something is to be written

	mu  sync.Mutex
	out []byte
}

// news is what a goroutine has to tell about a client's connection.
type news struct {
	index  int32
	gen    uint32
	opened bool
	b      []byte
	at     int64
	err    error
}

func newStreams(w *Worker) (*streams, error) {
	s := &streams{w: w, inbox: make(chan news, 4096), dialers: []net.Dialer{{}}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if sources := w.plan.Scenario.Sources; len(sources) > 0 {
		s.dialers = nil
		for _, source := range sources {
			a, err := netip.ParseAddr(source)
			if err != nil {
				return nil, err
			}
			s.dialers = append(s.dialers, net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(a, 0))})
		}
	}
	return s, nil
}

func (s *streams) close() {
	s.cancel()
	s.active.Wait()
}

func (s *streams) dial(c *client) error {
	st := &stream{wake: make(chan struct{}, 1)}
	st.ctx, st.cancel = context.WithCancel(s.ctx)
	c.stream = st
	t, dialer := s.w.targets[c.to], s.dialers[int(s.w.number(c))%len(s.dialers)]
	dialer.Timeout = time.Duration(s.w.plan.Scenario.Patience)
	s.active.Add(1)
	go s.run(st, c.index, c.gen, t, &dialer)
	return nil
}

func (s *streams) drop(c *client) {
	if c.stream != nil {
		c.stream.cancel()
		c.stream = nil
	}
}

// send hands bytes to the connection's writer.
func (s *streams) send(c *client, b []byte) {
	st := c.stream
	if st == nil {
		return
	}
	st.mu.Lock()
	waits := len(st.out)
	st.out = append(st.out, b...)
	st.mu.Unlock()
	if waits > s.w.unsent() {
		s.w.clog(c)
	}
	select {
	case st.wake <- struct{}{}:
	default:
	}
}

func (s *streams) wait(d time.Duration) error {
	var first news
	select {
	case first = <-s.inbox:
	default:
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case first = <-s.inbox:
		case <-timer.C:
			return nil
		}
	}
	began := time.Now()
	s.tell(first)
	for range cap(s.inbox) {
		select {
		case n := <-s.inbox:
			s.tell(n)
			continue
		default:
		}
		break
	}
	s.w.busy += time.Since(began)
	return nil
}

func (s *streams) tell(n news) {
	c := &s.w.clients[n.index]
	switch {
	case c.gen != n.gen:
	case n.err != nil:
		s.w.broken(c, n.err)
	case n.opened:
		s.w.connected(c)
	default:
		s.w.received(c, n.b, n.at)
	}
}

// post tells the worker, unless nobody listens any more.
func (s *streams) post(st *stream, n news) bool {
	select {
	case s.inbox <- n:
		return true
	case <-st.ctx.Done():
	}
	return false
}

// run connects and reads.
func (s *streams) run(st *stream, index int32, gen uint32, t *target, dialer *net.Dialer) {
	defer s.active.Done()
	nc, err := s.open(st.ctx, t, dialer)
	if err != nil {
		s.post(st, news{index: index, gen: gen, err: fmt.Errorf("connect: %w", plain(err))})
		return
	}
	s.active.Add(2)
	context.AfterFunc(st.ctx, func() { // ends what waits in reading and writing
		defer s.active.Done()
		_ = nc.Close()
	})
	go s.write(st, nc, index, gen)
	if !s.post(st, news{index: index, gen: gen, opened: true}) {
		return
	}
	buf := make([]byte, readSize)
	for {
		n, err := nc.Read(buf)
		at := time.Now().UnixNano()
		if n > 0 && !s.post(st, news{index: index, gen: gen, b: bytes.Clone(buf[:n]), at: at}) {
			return
		}
		if err != nil {
			s.post(st, news{index: index, gen: gen, err: fmt.Errorf("closed: %w", plain(err))})
			return
		}
	}
}

// readSize is what each connection keeps to read into.
const readSize = 4 << 10

// open connects and, with TLS, shakes hands.
func (s *streams) open(ctx context.Context, t *target, dialer *net.Dialer) (net.Conn, error) {
	if !t.secure {
		return dialer.DialContext(ctx, "tcp", t.addr)
	}
	ctx, cancel := context.WithTimeout(ctx, dialer.Timeout) // for the handshake too
	defer cancel()
	host, _, err := net.SplitHostPort(t.addr)
	if err != nil {
		return nil, err
	}
	secure := tls.Dialer{NetDialer: dialer, Config: &tls.Config{
		ServerName: host, NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12,
		InsecureSkipVerify: s.w.plan.Scenario.Insecure, //nolint:gosec // on demand, for test servers
	}}
	return secure.DialContext(ctx, "tcp", t.addr)
}

// write writes what is sent until the connection is dropped.
func (s *streams) write(st *stream, nc net.Conn, index int32, gen uint32) {
	defer s.active.Done()
	for {
		select {
		case <-st.wake:
		case <-st.ctx.Done():
			return
		}
		st.mu.Lock()
		b := st.out
		st.out = nil
		st.mu.Unlock()
		_ = nc.SetWriteDeadline(time.Now().Add(time.Minute))
		if _, err := nc.Write(b); err != nil {
			s.post(st, news{index: index, gen: gen, err: fmt.Errorf("closed: %w", plain(err))})
			return
		}
	}
}

// plain takes off what names addresses, which differ from one connection to the
// next.
func plain(err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return op.Err
	}
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	return err
}
