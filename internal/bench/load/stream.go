package load

import (
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
	stop    chan struct{}
}

// stream is one connection.
type stream struct {
	out  chan []byte
	quit chan struct{}
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
	s := &streams{w: w, inbox: make(chan news, 4096), stop: make(chan struct{}), dialers: []net.Dialer{{}}}
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
	close(s.stop)
	s.active.Wait()
}

func (s *streams) dial(c *client) error {
	st := &stream{out: make(chan []byte, 256), quit: make(chan struct{})}
	c.stream = st
	t, dialer := s.w.targets[c.to], s.dialers[int(s.w.number(c))%len(s.dialers)]
	dialer.Timeout = time.Duration(s.w.plan.Scenario.Patience)
	s.active.Add(1)
	go s.run(st, c.index, c.gen, t, &dialer)
	return nil
}

func (s *streams) drop(c *client) {
	if c.stream != nil {
		close(c.stream.quit)
		c.stream = nil
	}
}

// send hands bytes to the connection's writer. One that is so far behind that its
// queue is full is not read by the server any more.
func (s *streams) send(c *client, b []byte) {
	if c.stream == nil {
		return
	}
	select {
	case c.stream.out <- append([]byte(nil), b...):
	default:
		s.w.broken(c, errors.New("closed: the server does not read"))
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
	case <-st.quit:
	case <-s.stop:
	}
	return false
}

// run connects and reads.
func (s *streams) run(st *stream, index int32, gen uint32, t *target, dialer *net.Dialer) {
	defer s.active.Done()
	nc, err := s.open(t, dialer)
	if err != nil {
		s.post(st, news{index: index, gen: gen, err: fmt.Errorf("connect: %w", plain(err))})
		return
	}
	s.active.Add(1)
	go s.write(st, nc)
	if !s.post(st, news{index: index, gen: gen, opened: true}) {
		return
	}
	for {
		b := make([]byte, 16<<10)
		n, err := nc.Read(b)
		at := time.Now().UnixNano()
		if n > 0 && !s.post(st, news{index: index, gen: gen, b: b[:n:n], at: at}) {
			return
		}
		if err != nil {
			s.post(st, news{index: index, gen: gen, err: fmt.Errorf("closed: %w", plain(err))})
			return
		}
	}
}

// open connects and, with TLS, shakes hands.
func (s *streams) open(t *target, dialer *net.Dialer) (net.Conn, error) {
	if !t.secure {
		return dialer.Dial("tcp", t.addr)
	}
	host, _, err := net.SplitHostPort(t.addr)
	if err != nil {
		return nil, err
	}
	return tls.DialWithDialer(dialer, "tcp", t.addr, &tls.Config{
		ServerName: host, NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12,
		InsecureSkipVerify: s.w.plan.Scenario.Insecure, //nolint:gosec // on demand, for test servers
	})
}

// write writes what is sent until the connection is dropped, and closes it.
func (s *streams) write(st *stream, nc net.Conn) {
	defer s.active.Done()
	defer func() { _ = nc.Close() }()
	for {
		select {
		case b := <-st.out:
			_ = nc.SetWriteDeadline(time.Now().Add(time.Minute))
			if _, err := nc.Write(b); err != nil {
				return
			}
		case <-st.quit:
			return
		case <-s.stop:
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
