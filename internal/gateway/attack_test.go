package gateway_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"throng/internal/gateway"
	"throng/internal/gateway/gatewaytest"
	"throng/internal/server"
	"throng/internal/websocket"
	"throng/test/tries"
)

// reset connects, says something, and resets the connection before it is looked
// at: the kernel still has the words and knows no more whose they are.
func reset(t *testing.T, addr net.Addr, b []byte) {
	t.Helper()
	nc, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	_, _ = nc.Write(b)
	_ = nc.(*net.TCPConn).SetLinger(0)
	_ = nc.Close()
}

// TestHelloAndReset: who resets his connection behind his hello neither harms nor
// escapes the limit by address.
func TestHelloAndReset(t *testing.T) {
	h := hello(t)
	securely(t, func(t *testing.T, o func() server.Options) {
		opts := o()
		opts.Config.Limits.ConnectsPerMinutePerAddress = 2
		s := gatewaytest.Start(t, opts)
		for range 400 {
			reset(t, s.Bare(), h)
		}
		s.Empty(t)
		st := s.Gateway().Stats()
		ran := st.Handshakes[gateway.HandshakeDone].Load() + st.Handshakes[gateway.HandshakeFailed].Load()
		if ran > 16 { // 8 of the address, 8 of those whose address nobody knows
			t.Errorf("%d handshakes ran, 8 are allowed", ran)
		}
	})
}

// TestPollAndReset: the same for long-poll sessions, which need no connection to
// live on.
func TestPollAndReset(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		o := gatewaytest.Options(kind)
		o.Config.Limits.ConnectsPerMinutePerAddress = 2
		s := gatewaytest.Start(t, o)
		for range 400 {
			reset(t, s.Bare(), []byte("GET /socket/longpoll?vsn=2.0.0 HTTP/1.1\r\nHost: a\r\n\r\n"))
		}
		// A request at last that is looked at: those before it have been.
		cl := gatewaytest.Dial(t, s.Addr())
		cl.Raw([]byte("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n"))
		cl.Response("GET")
		if n := s.Gateway().Stats().LongPolls.Load(); n > 2 {
			t.Errorf("%d sessions, 2 are allowed", n)
		}
	})
}

// TestLongPollSessionsAreBounded: one connection can't take the places of all
// others by sessions that cost it nothing.
func TestLongPollSessionsAreBounded(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		o := gatewaytest.Options(kind)
		o.Config.Engine.MaxConnections = 100
		s := gatewaytest.Start(t, o)
		nc := gatewaytest.Dial(t, s.Addr())
		statuses := make(map[int]int)
		for range 99 {
			nc.Raw([]byte("GET /socket/longpoll?vsn=2.0.0 HTTP/1.1\r\nHost: a\r\n\r\n"))
			status, _, _ := nc.Response("GET")
			statuses[status]++
		}
		if statuses[200] != 50 || statuses[503] != 49 {
			t.Errorf("statuses %v", statuses)
		}
		honest := gatewaytest.Connect(t, s.Addr(), socketPath)
		talk(t, honest)
		honest.Bye()
	})
}

// TestBodiesOfNobody: what is said to a session that isn't there is not read.
func TestBodiesOfNobody(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		s := start(t, kind)
		for _, head := range []string{"Content-Length: 1048576\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n"} {
			c := gatewaytest.Dial(t, s.Addr())
			c.Raw([]byte("POST /socket/longpoll?token=" + strings.Repeat("A", 35) + " HTTP/1.1\r\nHost: a\r\n" + head))
			if _, _, body := c.Response("POST"); body != `{"status":410}` { // at once, without the body
				t.Errorf("answer %q", body)
			}
		}
	})
}

// TestHTTP2WindowClosed: a client that lets nothing through its streams' windows
// does not keep their handlers.
func TestHTTP2WindowClosed(t *testing.T) {
	securely(t, func(t *testing.T, o func() server.Options) {
		opts := o()
		opts.Demo = true
		opts.Config.WebSocket.WriteTimeout = 300 * time.Millisecond
		s := gatewaytest.Start(t, opts)
		nc, err := tls.Dial("tcp", s.Bare().String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		before := runtime.NumGoroutine()
		_, _ = io.WriteString(nc, http2.ClientPreface)
		frames := http2.NewFramer(nc, bufio.NewReader(nc))
		_ = frames.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
		const streams = 80
		for i := range uint32(streams) {
			_ = frames.WriteHeaders(http2.HeadersFrameParam{
				StreamID: 2*i + 1, BlockFragment: head("GET", []string{"/", "/socket/longpoll?vsn=2.0.0"}[i%2]), EndStream: true, EndHeaders: true,
			})
		}
		resets := 0
		for resets < streams { // each is given up
			_ = nc.SetReadDeadline(time.Now().Add(10 * time.Second))
			f, err := frames.ReadFrame()
			if err != nil {
				t.Fatalf("%d of %d streams were given up, then %v; %d goroutines more", resets, streams, err, runtime.NumGoroutine()-before)
			}
			switch f := f.(type) {
			case *http2.RSTStreamFrame:
				resets++
			case *http2.SettingsFrame:
				if !f.IsAck() {
					_ = frames.WriteSettingsAck()
				}
			case *http2.PingFrame:
				_ = frames.WritePing(true, f.Data)
			}
		}
	})
}

func head(method, path string) []byte {
	var b bytes.Buffer
	e := hpack.NewEncoder(&b)
	for _, f := range [][2]string{{":method", method}, {":scheme", "https"}, {":authority", "a"}, {":path", path}} {
		_ = e.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]})
	}
	return b.Bytes()
}

// TestWhoTakesIsThere: a client that we don't read from, because its answers wait,
// is not silent while it takes them.
func TestWhoTakesIsThere(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		tries.Longer(t, 500*time.Millisecond, func(t testing.TB, unit time.Duration) {
			s := watchful(t, kind, unit)
			c := gatewaytest.Connect(t, s.Addr(), "/echo")
			_ = c.Conn.(*net.TCPConn).SetReadBuffer(4 << 10)
			const size = 60 << 10
			go func() {
				big := c.Frame(websocket.OpBinary, make([]byte, size))
				for range 120 * unit / (500 * time.Millisecond) {
					if _, err := c.Conn.Write(big); err != nil {
						return
					}
				}
				ping := c.Frame(websocket.OpPing, nil)
				for { // behind what is not read yet
					time.Sleep(50 * time.Millisecond)
					if _, err := c.Conn.Write(ping); err != nil {
						return
					}
				}
			}()
			b := make([]byte, 30<<10)
			for begin := time.Now(); time.Since(begin) < 1500*time.Millisecond+3*unit; { // longer than a silent client has
				_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
				if _, err := c.Conn.Read(b); err != nil {
					t.Fatalf("ended after %v: %v", time.Since(begin), err)
				}
				time.Sleep(20 * time.Millisecond)
			}
			_ = c.Close()
		})
	})
}

// TestQueuedForHandshake: who waits for its handshake has nothing more to say.
func TestQueuedForHandshake(t *testing.T) {
	h := hello(t)
	securely(t, func(t *testing.T, o func() server.Options) {
		opts := o()
		opts.Config.TLS.MaxHandshakes = 1
		s := gatewaytest.Start(t, opts)
		plainly(t, s).Raw(h)
		eventually(t, "the place is taken", func() bool { return s.Engine().Connections() == 1 })
		c := plainly(t, s)
		c.Raw(append(h, make([]byte, 20<<10)...))
		c.Closed()
	})
}

// TestNotItsFault: what is refused because of all others is not charged to the
// address.
func TestNotItsFault(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		o := gatewaytest.Options(kind)
		o.Config.Limits.ConnectsPerSecond, o.Config.Limits.ConnectsPerMinutePerAddress = 1, 30
		s := gatewaytest.Start(t, o)
		for i := range 40 {
			if status := connects(gatewaytest.Dial(t, s.Addr())); status != 101 && status != 503 {
				t.Fatalf("status %d at connect %d", status, i)
			}
		}
	})
}
