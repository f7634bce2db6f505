package loop_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"throng"
	"throng/internal/loop"
)

const patience = time.Minute

// probe is a Handler made of functions; what is nil does nothing. It checks what
// every handler may rely on.
type probe struct {
	t        testing.TB
	open     func(c *loop.Conn)
	data     func(c *loop.Conn, b []byte) int
	timer    func(c *loop.Conn)
	message  func(c *loop.Conn, m any)
	shutdown func(c *loop.Conn)

	opened chan *loop.Conn
	ended  chan error
	closed bool
}

func (p *probe) alive(what string) {
	if p.closed {
		p.t.Errorf("%s after Closed", what)
	}
}

func (p *probe) Open(c *loop.Conn) {
	p.alive("Open")
	if p.open != nil {
		p.open(c)
	}
	p.opened <- c
}

func (p *probe) Data(c *loop.Conn, b []byte) int {
	p.alive("Data")
	if p.data == nil {
		return len(b)
	}
	return p.data(c, b)
}

func (p *probe) Timer(c *loop.Conn) {
	p.alive("Timer")
	if p.timer != nil {
		p.timer(c)
	}
}

func (p *probe) Message(c *loop.Conn, m any) {
	p.alive("Message")
	if f, ok := m.(func(*loop.Conn)); ok {
		f(c)
	} else if p.message != nil {
		p.message(c, m)
	}
}

func (p *probe) Shutdown(c *loop.Conn) {
	p.alive("Shutdown")
	if p.shutdown != nil {
		p.shutdown(c)
	}
}

func (p *probe) Closed(_ *loop.Conn, cause error) {
	p.alive("Closed")
	p.closed = true
	p.ended <- cause
}

// cause waits for the connection's end.
func (p *probe) cause() error {
	p.t.Helper()
	return receive(p.t, p.ended)
}

func newProbe(t testing.TB) *probe {
	return &probe{t: t, opened: make(chan *loop.Conn, 1), ended: make(chan error, 2)}
}

func echoing(p *probe) {
	p.data = func(c *loop.Conn, b []byte) int {
		c.SendScratch(append(c.Scratch(), b...), 0)
		return len(b)
	}
}

func receive[T any](t testing.TB, ch <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-ch:
	case <-time.After(patience):
		t.Fatal("nothing came")
	}
	return v
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never: " + what)
		}
	}
}

// carrier is one combination that the suite runs on.
type carrier struct {
	kind    loop.Kind
	network string // tls is over tcp
}

func (on carrier) secure() bool { return on.network == "tls" }

func carriers() (all []carrier) {
	for _, k := range kinds() {
		for _, n := range []string{"tcp", "unix", "tls"} {
			switch {
			case n == "unix" && runtime.GOOS != "linux":
			case n == "tls" && k == loop.Ring: // the same as Epoll
			default:
				all = append(all, carrier{k, n})
			}
		}
	}
	return all
}

// kinds are those that there are here.
func kinds() (all []loop.Kind) {
	if loop.HasRing() == nil {
		all = append(all, loop.Ring)
	}
	if runtime.GOOS == "linux" {
		all = append(all, loop.Epoll)
	}
	return append(all, loop.Goroutine)
}

// onAll runs a test on all carriers, as subtests like epoll/tcp.
func onAll(t *testing.T, test func(t *testing.T, on carrier)) {
	t.Parallel()
	for _, on := range carriers() {
		t.Run(string(on.kind)+"/"+on.network, func(t *testing.T) {
			t.Parallel()
			test(t, on)
		})
	}
}

// rig is an engine that serves a listener.
type rig struct {
	t      testing.TB
	via    carrier
	e      *loop.Engine
	ln     net.Listener
	served chan error
	probes chan *probe    // as they are made, with setup applied
	door   *front         // with TLS
	shakes sync.WaitGroup // handshakes under way
}

// start runs an engine whose connections get probes.
func start(t testing.TB, on carrier, o loop.Options, setup func(p *probe)) *rig {
	t.Helper()
	r := newRig(t, on, newEngine(t, on.kind, o), setup)
	t.Cleanup(r.stop)
	return r
}

// newRig starts an engine and lets it serve.
func newRig(t testing.TB, on carrier, e *loop.Engine, setup func(p *probe)) *rig {
	t.Helper()
	r := &rig{t: t, via: on, e: e, served: make(chan error, 1), probes: make(chan *probe, 4096)}
	e.Start()
	r.ln = listen(t, on.network)
	handler := func() loop.Handler {
		p := newProbe(t)
		if setup != nil {
			setup(p)
		}
		r.probes <- p
		return p
	}
	if on.secure() {
		r.door = &front{e: e, cfg: serverTLS(), next: handler, busy: &r.shakes}
		handler = func() loop.Handler { return r.door }
	}
	ln := r.ln // which a test may change
	go func() { r.served <- e.Serve(ln, handler) }()
	return r
}

func newEngine(t testing.TB, kind loop.Kind, o loop.Options) *loop.Engine {
	t.Helper()
	o.Kind = kind
	if o.Loops == 0 {
		o.Loops = 1
	}
	e, err := loop.New(o)
	if err != nil {
		t.Fatal(err)
	}
	e.AllTogether()
	return e
}

func stop(t testing.TB, e *loop.Engine) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := e.Stop(ctx); err != nil {
		t.Errorf("Stop: %v", err)
	}
}

// stop ends the engine and looks at its books.
func (r *rig) stop() {
	r.t.Helper()
	stop(r.t, r.e)
	r.shakes.Wait()
	if err := receive(r.t, r.served); !errors.Is(err, loop.ErrListenerClosed) {
		r.t.Errorf("Serve ended with %v", err)
	}
	r.checkBooks()
}

// checkBooks fails when what is gone is still counted.
func (r *rig) checkBooks() {
	r.t.Helper()
	if n := r.e.Connections(); n != 0 {
		r.t.Errorf("%d connections are still counted", n)
	}
	for i := range r.e.Loops() {
		if n := r.e.Load(i); n != 0 {
			r.t.Errorf("loop %d: load %d at the end", i, n)
		}
		if n := r.e.Stats(i).Queued.Load(); n != 0 {
			r.t.Errorf("loop %d: %d bytes queued at the end", i, n)
		}
	}
}

func listen(t testing.TB, network string) net.Listener {
	t.Helper()
	addr := "127.0.0.1:0"
	switch network {
	case "unix":
		addr = filepath.Join(t.TempDir(), "s")
	case "tls":
		network = "tcp"
	}
	ln, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

// dial connects a client and returns its probe and connection.
func (r *rig) dial() (client, *probe, *loop.Conn) {
	r.t.Helper()
	cl := r.connect()
	p := receive(r.t, r.probes)
	return cl, p, receive(r.t, p.opened)
}

// connect connects a client.
func (r *rig) connect() client {
	r.t.Helper()
	return r.connectOn(r.via)
}

// knock connects a client that is not accepted, and learns it before TLS.
func (r *rig) knock() client {
	r.t.Helper()
	return r.connectOn(carrier{r.via.kind, r.ln.Addr().Network()})
}

func (r *rig) connectOn(on carrier) client {
	r.t.Helper()
	nc, err := on.dial(r.ln)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		if tc, ok := nc.(*tls.Conn); ok {
			_ = tc.NetConn().Close() // even if somebody writes
		}
		_ = nc.Close()
	})
	return client{nc, r.t}
}

type client struct {
	net.Conn
	t testing.TB
}

func (c client) send(b []byte) {
	c.t.Helper()
	if _, err := c.Write(b); err != nil {
		c.t.Fatalf("client cannot write: %v", err)
	}
}

func (c client) read(n int) []byte {
	c.t.Helper()
	b := make([]byte, n)
	if k, err := io.ReadFull(c, b); err != nil {
		c.t.Fatalf("client read %d of %d bytes: %v", k, n, err)
	}
	return b
}

// rest reads to the end.
func (c client) rest() []byte {
	c.t.Helper()
	b, err := io.ReadAll(c)
	if err != nil {
		c.t.Fatalf("client read %d bytes and then no end: %v", len(b), err)
	}
	return b
}

func (c client) closeWrite() {
	c.t.Helper()
	if err := c.Conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		c.t.Fatal(err)
	}
}

// task is a throng.Task.
type task func()

func (f task) Run(int) { f() }

// on runs f on the loop of a connection and waits for it.
func (r *rig) on(c *loop.Conn, f func()) {
	r.t.Helper()
	r.onLoop(c.Loop().Index(), f)
}

func (r *rig) onLoop(i int, f func()) {
	r.t.Helper()
	done := make(chan struct{})
	r.e.Mailbox(i).Post(task(func() { defer close(done); f() }))
	receive(r.t, done)
}

var _ throng.Task = task(nil)

// pattern returns n bytes in which every displacement shows.
func pattern(n int) []byte {
	b := make([]byte, n)
	x := uint32(n)*2654435761 + 12345
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return b
}

// group runs functions and waits for all.
func group(fs ...func()) {
	var wg sync.WaitGroup
	for _, f := range fs {
		wg.Go(f)
	}
	wg.Wait()
}
