package gateway_test

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"runtime"
	"testing"
	"time"

	"throng/internal/gateway"
	"throng/internal/gateway/gatewaytest"
	"throng/internal/server"
	"throng/test/tries"
)

// securely runs a test on both engines behind TLS.
func securely(t *testing.T, f func(t *testing.T, o func() server.Options)) {
	for _, front := range gatewaytest.Fronts[2:] {
		t.Run(front, func(t *testing.T) {
			if front == "epoll+tls" && runtime.GOOS != "linux" {
				t.Skip("auto is goroutine here")
			}
			f(t, func() server.Options { return gatewaytest.Options(front) })
		})
	}
}

// hello records what a client says first, and nothing after it.
func hello(t testing.TB) []byte {
	t.Helper()
	near, far := net.Pipe()
	defer far.Close()
	go func() {
		_ = tls.Client(near, &tls.Config{InsecureSkipVerify: true}).Handshake()
	}()
	defer near.Close()
	b := make([]byte, 16<<10)
	n, err := far.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	if want := 5 + int(b[3])<<8 + int(b[4]); n != want {
		t.Fatalf("%d bytes of a hello of %d", n, want)
	}
	return b[:n]
}

// TestNotTLS: who speaks HTTP to a port with TLS is told so; other bytes end the
// connection.
func TestNotTLS(t *testing.T) {
	securely(t, func(t *testing.T, o func() server.Options) {
		t.Parallel()
		s := gatewaytest.Start(t, o())
		c := plainly(t, s)
		c.Raw([]byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
		if status, _, body := c.Response("GET"); status != 400 || !bytes.Contains([]byte(body), []byte("https or wss")) {
			t.Errorf("%d %q", status, body)
		}
		for name, b := range map[string][]byte{
			"noise":                   {0, 1, 2, 3, 4, 5},
			"an alert":                {0x15, 3, 1, 0, 2, 1, 0},
			"SSL 2":                   {0x80, 0x2e, 1, 3, 1},
			"a giant record":          {0x16, 3, 1, 0xff, 0xff},
			"an empty record":         {0x16, 3, 1, 0, 0},
			"no hello":                {0x16, 3, 1, 0, 4, 2, 0, 0, 0},
			"half a hello, and noise": append(hello(t)[:100:100], bytes.Repeat([]byte{0xff}, 4000)...),
		} {
			c := plainly(t, s)
			c.Raw(b)
			c.Closed()
			t.Log(name)
		}
		eventually(t, "seven handshakes failed", func() bool { return s.Gateway().Stats().Handshakes[gateway.HandshakeFailed].Load() == 7 })
		ok := gatewaytest.Connect(t, s.Addr(), socketPath)
		talk(t, ok)
		ok.Bye()
		s.Empty(t)
	})
}

// plainly connects without TLS to a port where it is spoken.
func plainly(t testing.TB, s *gatewaytest.Server) *gatewaytest.Client {
	t.Helper()
	return gatewaytest.Dial(t, s.Bare())
}

// TestOldTLS: versions before 1.2 are refused, and before 1.3 if the setting says
// so.
func TestOldTLS(t *testing.T) {
	securely(t, func(t *testing.T, o func() server.Options) {
		for _, c := range []struct {
			least string
			ok    map[uint16]bool
		}{
			{"1.2", map[uint16]bool{tls.VersionTLS12: true, tls.VersionTLS13: true}},
			{"1.3", map[uint16]bool{tls.VersionTLS13: true}},
		} {
			opts := o()
			opts.Config.TLS.MinVersion = c.least
			s := gatewaytest.Start(t, opts)
			for v := uint16(tls.VersionTLS10); v <= tls.VersionTLS13; v++ {
				nc, err := tls.Dial("tcp", s.Secured()[0].String(), &tls.Config{InsecureSkipVerify: true, MinVersion: v, MaxVersion: v})
				if (err == nil) != c.ok[v] {
					t.Errorf("at least %s, client %s: %v", c.least, tls.VersionName(v), err)
				}
				if err == nil {
					_ = nc.Close()
				}
			}
			s.Empty(t)
		}
	})
}

// TestUnfinishedHandshakes: clients that don't finish their hello cost no
// goroutine, those that don't finish their handshake no more than the setting
// says, and honest ones get in when the others' time is over.
func TestUnfinishedHandshakes(t *testing.T) {
	const crowd, atOnce = 400, 8
	h := hello(t)
	securely(t, func(t *testing.T, o func() server.Options) {
		tries.Longer(t, 1500*time.Millisecond, func(t testing.TB, unit time.Duration) {
			opts := o()
			opts.Config.TLS.MaxHandshakes, opts.Config.TLS.HandshakeTimeout = atOnce, unit
			s := gatewaytest.Start(t, opts)
			before := runtime.NumGoroutine()
			for i := range crowd {
				c := plainly(t, s)
				if i%2 == 0 {
					c.Raw(h)
				} else {
					c.Raw(h[:len(h)/2])
				}
			}
			streams := 0
			if opts.Config.Engine.Kind == "goroutine" {
				streams = 2 * crowd
			}
			if n := runtime.NumGoroutine() - before; n > atOnce+streams+50 {
				t.Errorf("%d goroutines for %d unfinished handshakes", n, crowd)
			}
			s.Empty(t) // their time is over
			honest := gatewaytest.Connect(t, s.Addr(), socketPath)
			talk(t, honest)
			honest.Bye()
			s.Empty(t)
			st := s.Gateway().Stats()
			if late := st.Handshakes[gateway.HandshakeLate].Load(); late != crowd {
				t.Errorf("%d were late, want %d", late, crowd)
			}
		})
	})
}

// TestManyHandshakesWait: more clients at once than handshakes may be under way
// all get in.
func TestManyHandshakesWait(t *testing.T) {
	securely(t, func(t *testing.T, o func() server.Options) {
		opts := o()
		opts.Config.TLS.MaxHandshakes = 1
		s := gatewaytest.Start(t, opts)
		done := make(chan error, 60)
		for range cap(done) {
			go func() {
				nc, err := tls.Dial("tcp", s.Secured()[0].String(), &tls.Config{InsecureSkipVerify: true})
				if err == nil {
					err = nc.Close()
				}
				done <- err
			}()
		}
		for range cap(done) {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		s.Empty(t)
	})
}

// TestHTTP2: pages come over HTTP/2 to who asks for it, and its connection gives
// its place back.
func TestHTTP2(t *testing.T) {
	securely(t, func(t *testing.T, o func() server.Options) {
		opts := o()
		opts.Demo = true
		s := gatewaytest.Start(t, opts)
		tr := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}
		client := &http.Client{Transport: tr}
		for range 3 {
			r, err := client.Get("https://" + s.Secured()[0].String() + "/")
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(r.Body)
			_ = r.Body.Close()
			if r.ProtoMajor != 2 || r.StatusCode != 200 || err != nil || !bytes.Contains(body, []byte("<html")) {
				t.Errorf("%s %d %v %.50q", r.Proto, r.StatusCode, err, body)
			}
		}
		eventually(t, "one connection is counted", func() bool { return s.Engine().Connections() == 1 })
		tr.CloseIdleConnections()
		s.Empty(t)
	})
}

// TestStopInHandshake: a server that stops does not wait for handshakes.
func TestStopInHandshake(t *testing.T) {
	h := hello(t)
	securely(t, func(t *testing.T, o func() server.Options) {
		opts := o()
		opts.Config.TLS.MaxHandshakes, opts.Config.TLS.HandshakeTimeout = 2, time.Minute
		s := gatewaytest.Start(t, opts)
		for range 5 {
			plainly(t, s).Raw(h)
		}
		for s.Engine().Connections() < 5 {
			time.Sleep(time.Millisecond)
		}
		s.Stop(t)
	})
}

// TestHandshakesFromOneAddress: who begins handshakes over and over is dropped
// before they cost anything.
func TestHandshakesFromOneAddress(t *testing.T) {
	securely(t, func(t *testing.T, o func() server.Options) {
		opts := o()
		opts.Config.Limits.ConnectsPerMinutePerAddress = 2
		s := gatewaytest.Start(t, opts)
		failed := 0
		for range 20 {
			nc, err := tls.Dial("tcp", s.Secured()[0].String(), &tls.Config{InsecureSkipVerify: true})
			if err != nil {
				failed++
				continue
			}
			_ = nc.Close()
		}
		if failed < 10 || failed > 12 {
			t.Errorf("%d of 20 failed", failed)
		}
		eventually(t, "as many were refused", func() bool {
			return int(s.Gateway().Stats().Handshakes[gateway.HandshakeRefused].Load()) == failed
		})
		s.Empty(t)
	})
}

// TestHandshakesGiveWay: those that block all places have little time as soon as
// somebody waits.
func TestHandshakesGiveWay(t *testing.T) {
	h := hello(t)
	securely(t, func(t *testing.T, o func() server.Options) {
		t.Parallel()
		opts := o()
		opts.Config.TLS.MaxHandshakes, opts.Config.TLS.HandshakeTimeout = 4, time.Hour
		s := gatewaytest.Start(t, opts)
		for range 4 {
			plainly(t, s).Raw(h)
		}
		eventually(t, "four handshakes", func() bool { return s.Engine().Connections() == 4 })
		honest := gatewaytest.Connect(t, s.Addr(), socketPath)
		talk(t, honest)
		honest.Bye()
	})
}
