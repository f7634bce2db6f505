package loop_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"throng/internal/loop"
	"throng/test/tries"
)

// onSecure runs a test on the engines with TLS.
func onSecure(t *testing.T, test func(t *testing.T, on carrier)) {
	onAll(t, func(t *testing.T, on carrier) {
		if on.secure() {
			test(t, on)
		}
	})
}

// odd is a net.Conn that cuts what is written at odd places, or holds it back.
type odd struct {
	net.Conn
	cut   int
	hold  int // writes that pass before all that follow are held
	held  []byte
	pause time.Duration
}

func (o *odd) Write(b []byte) (int, error) {
	n := len(b)
	if o.hold--; o.hold < 0 && o.cut == 0 {
		o.held = append(o.held, b...)
		return n, nil
	}
	for len(b) > 0 {
		k := len(b)
		if o.cut > 0 {
			k = min(k, 1+o.cut)
			o.cut = (o.cut*31 + 7) % 5003
		}
		if _, err := o.Conn.Write(b[:k]); err != nil {
			return 0, err
		}
		b = b[k:]
		time.Sleep(o.pause)
	}
	return n, nil
}

// What comes in one segment with the client's Finished is inside the tls.Conn
// before the loop has it.
func TestSecureBehindFinished(t *testing.T) {
	onSecure(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{}, echoing)
		o := &odd{Conn: r.knock().Conn, hold: 1} // the ClientHello passes
		tc := tls.Client(o, clientTLS())
		if _, err := tc.Write([]byte("early")); err != nil {
			t.Fatal(err)
		}
		if _, err := o.Conn.Write(o.held); err != nil {
			t.Fatal(err)
		}
		if got := string(client{tc, t}.read(5)); got != "early" {
			t.Errorf("got %q", got)
		}
	})
}

func TestSecureCutAnywhere(t *testing.T) {
	onSecure(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{}, echoing)
		o := &odd{Conn: r.knock().Conn, cut: 1}
		cl := client{tls.Client(o, clientTLS()), t}
		want := pattern(1 << 20)
		var got []byte
		group(
			func() { _, _ = cl.Write(want) },
			func() { got = cl.read(len(want)) },
		)
		if !bytes.Equal(got, want) {
			t.Error("bytes changed")
		}
	})
}

// Many small records in one segment reach the handler together on a loop.
func TestSecureTinyRecords(t *testing.T) {
	onSecure(t, func(t *testing.T, on carrier) {
		calls := 0
		r := start(t, on, loop.Options{}, func(p *probe) {
			echoing(p)
			echo := p.data
			p.data = func(c *loop.Conn, b []byte) int { calls++; return echo(c, b) }
		})
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			f, _ := forge(r, version)
			want := pattern(2000)
			var wire []byte
			for i := range want {
				wire = f.seal(wire, dataRecord, want[i:i+1])
			}
			f.raw(wire)
			if got := f.read(len(want)); !bytes.Equal(got, want) {
				t.Error("bytes changed")
			}
		}
		r.onLoop(0, func() {
			if on.kind != loop.Goroutine && calls > 400 {
				t.Errorf("%d calls for 4,000 records in few segments", calls)
			}
		})
	})
}

// The peer changes its keys and asks for new ones of ours, also long after the
// last write, when a stream's deadline for writing has passed.
func TestSecureKeyUpdate(t *testing.T) {
	onSecure(t, func(t *testing.T, on carrier) {
		tries.Longer(t, 50*time.Millisecond, func(t testing.TB, unit time.Duration) {
			r := start(t, on, loop.Options{WriteTimeout: unit}, echoing)
			f, _ := forge(r, tls.VersionTLS13)
			for range 3 {
				var wire []byte
				for range 5 {
					wire = f.update(wire)
				}
				f.raw(f.seal(wire, dataRecord, []byte("after")))
				if got := string(f.read(5)); got != "after" {
					t.Errorf("got %q", got)
				}
			}
			// Alone it must be answered too, though nothing else is written.
			time.Sleep(2 * unit)
			nc := f.Conn.(*tls.Conn).NetConn()
			f.raw(f.update(nil))
			if _, err := io.ReadFull(nc, make([]byte, 5)); err != nil {
				t.Errorf("no answer: %v", err)
			}
		})
	})
}

// Whoever breaks the rules is cut off, and told why in an alert, which is not
// looked at here.
func TestSecureBroken(t *testing.T) {
	onSecure(t, func(t *testing.T, on carrier) {
		for _, tt := range []struct {
			name    string
			version uint16
			wire    func(f *forger) []byte
		}{
			{"plain text", tls.VersionTLS13, func(*forger) []byte { return bytes.Repeat([]byte("GET / HTTP/1.1\r\n"), 9) }},
			{"plain text", tls.VersionTLS12, func(*forger) []byte { return bytes.Repeat([]byte("GET / HTTP/1.1\r\n"), 9) }},
			{"noise", tls.VersionTLS13, func(*forger) []byte { return pattern(100_000) }},
			{"zeros", tls.VersionTLS13, func(*forger) []byte { return make([]byte, 100_000) }},
			{"damaged record", tls.VersionTLS13, func(f *forger) []byte {
				b := f.seal(nil, dataRecord, []byte("x"))
				b[len(b)-1] ^= 1
				return b
			}},
			{"record again", tls.VersionTLS13, func(f *forger) []byte {
				b := f.seal(nil, dataRecord, []byte("x"))
				return append(b, b...)
			}},
			{"too long", tls.VersionTLS13, func(f *forger) []byte { return f.seal(nil, dataRecord, make([]byte, 17000)) }},
			{"empty records", tls.VersionTLS13, func(f *forger) (b []byte) {
				for range 1000 {
					b = f.seal(b, dataRecord, nil)
				}
				return b
			}},
			{"empty records", tls.VersionTLS12, func(f *forger) (b []byte) {
				for range 1000 {
					b = f.seal(b, dataRecord, nil)
				}
				return b
			}},
			{"key updates", tls.VersionTLS13, func(f *forger) (b []byte) {
				for range 100 {
					b = f.update(b)
				}
				return b
			}},
			{"ClientHello", tls.VersionTLS12, func(f *forger) []byte { // renegotiation
				hello := append([]byte{3, 3}, make([]byte, 33)...)
				hello = append(hello, 0, 2, 0xc0, 0x2b, 1, 0)
				return f.seal(nil, handshakeRecord, append([]byte{1, 0, 0, byte(len(hello))}, hello...))
			}},
			{"alert", tls.VersionTLS13, func(f *forger) []byte { return f.seal(nil, alertRecord, []byte{2, 80}) }},
		} {
			t.Run(tt.name+"/"+tls.VersionName(tt.version), func(t *testing.T) {
				r := start(t, on, loop.Options{}, echoing)
				f, p := forge(r, tt.version)
				f.raw(tt.wire(f))
				if err := p.cause(); err == nil || errors.Is(err, io.EOF) {
					t.Errorf("ended with %v", err)
				}
				eventually(t, "connection freed", func() bool { return r.e.Connections() == 0 })
			})
		}
	})
}

// Who makes us answer and doesn't read is cut off before much waits.
func TestSecureKeyUpdateFlood(t *testing.T) {
	onSecure(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{}, nil)
		r.ln = listen(t, "unix") // its buffers are small and don't grow
		go func() { _ = r.e.Serve(r.ln, func() loop.Handler { return r.door }) }()
		f, p := forge(r, tls.VersionTLS13)
		nc := f.Conn.(*tls.Conn).NetConn()
		go func() {
			for {
				var wire []byte
				for range 100 {
					for range 10 {
						wire = f.update(wire)
					}
					wire = f.seal(wire, dataRecord, []byte("x")) // or crypto/tls would refuse it
				}
				if _, err := nc.Write(wire); err != nil {
					return
				}
			}
		}()
		once(t, r, p, loop.ErrSlow)
		_ = nc.Close()
	})
}

// An end in the middle of a record is an end.
func TestSecureTruncated(t *testing.T) {
	onSecure(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{}, nil)
		f, p := forge(r, tls.VersionTLS13)
		b := f.seal(nil, dataRecord, []byte("hello"))
		f.raw(b[:len(b)-3])
		nc := f.Conn.(*tls.Conn).NetConn().(*tap).Conn
		client{nc, t}.closeWrite()
		once(t, r, p, io.EOF)
	})
}

// Our last word is close_notify, however a connection ends.
func TestSecureCloseNotify(t *testing.T) {
	onSecure(t, func(t *testing.T, on carrier) {
		for name, end := range map[string]func(r *rig, f *forger, c *loop.Conn){
			"finish":     func(r *rig, _ *forger, c *loop.Conn) { r.on(c, func() { c.Send([]byte("x")); c.Finish(nil) }) },
			"abort":      func(r *rig, _ *forger, c *loop.Conn) { r.on(c, func() { c.Abort(nil) }) },
			"half-close": func(_ *rig, f *forger, _ *loop.Conn) { f.raw(f.seal(nil, alertRecord, []byte{1, 0})) },
		} {
			t.Run(name, func(t *testing.T) {
				var conn *loop.Conn
				r := start(t, on, loop.Options{}, func(p *probe) {
					p.open = func(c *loop.Conn) { conn = c }
				})
				f, p := forge(r, tls.VersionTLS12) // shows the types of its records
				end(r, f, conn)
				_ = p.cause()
				if got, err := io.ReadAll(f); err != nil {
					t.Errorf("got %q, then %v", got, err)
				}
				if typ := lastRecord(t, f.Conn.(*tls.Conn).NetConn().(*tap).got.Bytes()); typ != alertRecord {
					t.Errorf("the last record has type %d", typ)
				}
			})
		}
	})
}

func TestSecureState(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{}, nil)
		_, _, c := r.dial()
		r.on(c, func() {
			s := c.Secure()
			if on.secure() != (s != nil) || s != nil && (s.NegotiatedProtocol != "http/1.1" || !s.HandshakeComplete) {
				t.Errorf("state %+v", s)
			}
		})
	})
}

// Off the engine a Secure is an ordinary net.Conn: deadlines are errors, those of
// reading are forgotten. And it can come back.
func TestSecureAsNetConn(t *testing.T) {
	onSecure(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{}, nil)
		cl, _, c := r.dial()
		var d loop.Detached
		r.on(c, func() { d, _ = c.Detach() })
		if _, ok := d.Conn.(*loop.Secure); !ok {
			t.Fatalf("detached a %T", d.Conn)
		}
		if a := d.Conn.RemoteAddr().String(); a != cl.LocalAddr().String() {
			t.Errorf("peer %s, want %s", a, cl.LocalAddr())
		}
		_ = d.Conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		if _, err := d.Conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("read: %v", err)
		}
		_ = d.Conn.SetReadDeadline(time.Time{})
		cl.send([]byte("request"))
		server := client{d.Conn, t}
		if got := string(server.read(7)); got != "request" {
			t.Errorf("got %q", got)
		}
		server.send([]byte("response"))
		cl.read(8)
		back := newProbe(t)
		echoing(back)
		r.e.Adopt(d.Conn, []byte("more"), back, true)
		cl.send([]byte("hello"))
		if got := string(cl.read(9)); got != "morehello" {
			t.Errorf("got %q", got)
		}
		c = receive(t, back.opened)
		r.on(c, func() { d, _ = c.Detach() })
		_ = d.Conn.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
		if _, err := d.Conn.Write(make([]byte, 32<<20)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("write: %v", err)
		}
		_ = d.Conn.Close()
		r.e.Release()
	})
}
