package gateway_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"throng"
	"throng/internal/gateway/gatewaytest"
	"throng/internal/websocket"
	"throng/test/tries"
)

func TestEcho(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, kind string) {
		s := start(t, kind)
		c := gatewaytest.Connect(t, s.Addr(), "/echo")
		c.Text("")
		c.Expect("")
		for _, n := range []int{1, 125, 126, 4096, 1<<16 - 1, 1 << 16} {
			want := bytes.Repeat([]byte{0xff}, n)
			c.Binary(want)
			if m := c.Message(); m.Op != websocket.OpBinary || !bytes.Equal(m.Data, want) {
				t.Errorf("%d bytes: opcode %d, %d bytes came back", n, m.Op, len(m.Data))
			}
		}
		c.Raw(c.Frame(websocket.OpPing, []byte("hello")))
		if m := c.Message(); m.Op != websocket.OpPong || string(m.Data) != "hello" {
			t.Errorf("pong: %d %q", m.Op, m.Data)
		}
		c.Raw(c.Frame(websocket.OpPong, nil)) // nobody asked; ignored
		c.Bye()
		s.Empty(t)
	})
}

// header is a client's frame header with a length that need not be true.
func header(first byte, length uint64) string {
	b := binary.BigEndian.AppendUint64([]byte{first, 0x80 | 127}, length)
	return string(append(b, 1, 2, 3, 4))
}

func TestCloseCodes(t *testing.T) {
	masked := func(op websocket.Opcode, fin bool, payload string) string {
		return string(websocket.AppendMaskedFragment(nil, op, fin, [4]byte{9, 8, 7, 6}, []byte(payload)))
	}
	gatewaytest.EachFront(t, func(t *testing.T, kind string) {
		s := start(t, kind)
		for _, test := range []struct {
			name, frames string
			code         uint16
		}{
			{"close", masked(8, true, "\x03\xe8bye"), 1000},
			{"close with a code of the client's own", masked(8, true, "\x0f\xa1"), 4001},
			{"close without a code", masked(8, true, ""), 1005},
			{"close with half a code", masked(8, true, "\x03"), 1002},
			{"close with a code that must not travel", masked(8, true, "\x03\xed"), 1002},
			{"top bit of the length", header(0x82, 1<<63), 1002},
			{"all bits of the length", header(0x82, 1<<64-1), 1002},
			{"2^63-1 bytes", header(0x82, 1<<63-1), 1009},
			{"one byte too many", header(0x82, 64<<10+1), 1009},
			{"too many in two fragments", masked(2, false, strings.Repeat("x", 60<<10)) + masked(0, true, strings.Repeat("x", 60<<10)), 1009},
			{"unmasked", "\x81\x01a", 1002},
			{"reserved bit", "\xc1\x80\x00\x00\x00\x00", 1002},
			{"reserved opcode", "\x83\x80\x00\x00\x00\x00", 1002},
			{"fragmented ping", "\x09\x80\x00\x00\x00\x00", 1002},
			{"long ping", "\x89\xfe\x00\x7e\x00\x00\x00\x00", 1002},
			{"continuation of nothing", masked(0, true, "x"), 1002},
			{"bad UTF-8", masked(1, true, "\xff"), 1007},
			{"bad UTF-8 at the first bad byte", "\x81\xfe\x10\x00\x00\x00\x00\x00ok\xc0", 1007},
			{"half a rune", masked(1, true, "\xe2\x82"), 1007},
			{"bad JSON", masked(1, true, "{"), 1011},
			{"endless ref", masked(1, true, `["`+strings.Repeat("1", 256)+`","1","cast:1","phx_join",{}]`), 1011},
			{"bad binary", masked(2, true, "\x09\x09"), 1011},
			{"a million empty fragments", masked(1, false, "[") + strings.Repeat("\x00\x80\x00\x00\x00\x00", 1e6), 1009},
		} {
			t.Run(test.name, func(t *testing.T) {
				c := gatewaytest.Connect(t, s.Addr(), socketPath)
				go c.Write([]byte(test.frames))
				code, reason := c.CloseCode()
				if code != test.code {
					t.Errorf("closed with %d %s, want %d", code, reason, test.code)
				}
				c.Close()
			})
		}
		s.Empty(t)
	})
}

func TestIdle(t *testing.T) {
	t.Parallel()
	gatewaytest.EachFront(t, func(t *testing.T, kind string) {
		tries.Longer(t, 300*time.Millisecond, func(t testing.TB, unit time.Duration) {
			o := gatewaytest.Options(kind)
			o.Config.Phoenix.IdleTimeout = unit
			s := gatewaytest.Start(t, o)
			silent, talking := gatewaytest.Connect(t, s.Addr(), socketPath), gatewaytest.Connect(t, s.Addr(), socketPath)
			half := gatewaytest.Connect(t, s.Addr(), socketPath)
			half.Raw([]byte("\x81")) // begun: idle all the same
			for range 10 {
				time.Sleep(unit / 6)
				talking.Text(beat)
				talking.Expect(beaten)
			}
			for _, c := range []*gatewaytest.Client{silent, half} {
				if code, reason := c.CloseCode(); code != 1002 || reason != "idle timeout" {
					t.Errorf("closed with %d %s", code, reason)
				}
				c.Close()
			}
			talking.Bye()
			s.Empty(t)
		})
	})
}

// TestShutdown: 1012 for who has joined a channel, 1000 for the others, and the
// end of connections that said nothing yet.
func TestShutdown(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, kind string) {
		s := start(t, kind)
		in, out, echo := gatewaytest.Connect(t, s.Addr(), socketPath), gatewaytest.Connect(t, s.Addr(), socketPath), gatewaytest.Connect(t, s.Addr(), "/echo")
		fresh, kept := gatewaytest.Dial(t, s.Addr()), gatewaytest.Dial(t, s.Addr())
		kept.Raw([]byte("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n"))
		kept.Response("GET")
		in.Text(join)
		in.Expect(joined)
		told := make(chan struct{})
		go func() {
			defer close(told)
			for _, test := range []struct {
				c    *gatewaytest.Client
				code uint16
			}{{in, 1012}, {out, 1000}, {echo, 1001}} {
				m, err := test.c.Next()
				if code, _ := websocket.ParseClose(m.Data); err != nil || code != test.code {
					t.Errorf("closed with %d (%v), want %d", code, err, test.code)
				}
				test.c.Close()
			}
		}()
		s.Stop(t)
		<-told
		fresh.Closed()
		kept.Closed()
	})
}

// TestPingFlood: who pings and does not read costs little memory, and the others
// go on.
func TestPingFlood(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, kind string) {
		s := start(t, kind)
		c := gatewaytest.Connect(t, s.Addr(), "/echo")
		ping := c.Frame(websocket.OpPing, bytes.Repeat([]byte("p"), 100))
		flood := bytes.Repeat(ping, 1000)
		_ = c.SetWriteDeadline(time.Now().Add(time.Second))
		for range 200 { // 21 MB
			if _, err := c.Write(flood); err != nil {
				break
			}
		}
		if n := queued(s); n > 256<<10 {
			t.Errorf("%d bytes wait", n)
		}
		other := gatewaytest.Connect(t, s.Addr(), socketPath)
		talk(t, other)
		other.Bye()
		// A burst that is read is answered.
		polite := gatewaytest.Connect(t, s.Addr(), "/echo")
		for range 100 {
			polite.Raw(polite.Frame(websocket.OpPing, []byte("x")))
		}
		for range 100 {
			if m := polite.Message(); m.Op != websocket.OpPong {
				t.Fatalf("opcode %d", m.Op)
			}
		}
	})
}

func queued(s *gatewaytest.Server) (n int64) {
	for i := range s.Engine().Loops() {
		n += s.Engine().Stats(i).Queued.Load()
	}
	return n
}

// TestSlowReader: a client that stops reading is told so, or keeps the newest; its
// memory is bounded, and the others get everything.
func TestSlowReader(t *testing.T) {
	policies := map[string]throng.SlowPolicy{"cut": throng.SlowDisconnect, "newest": throng.SlowNewest}
	gatewaytest.EachFront(t, func(t *testing.T, kind string) {
		for name, policy := range policies {
			t.Run(name, func(t *testing.T) { slowReader(t, kind, policy) })
		}
	})
}

const (
	queueBytes   = 256 << 10
	publications = 400
)

func slowReader(t *testing.T, kind string, policy throng.SlowPolicy) {
	o := gatewaytest.Options(kind)
	o.Config.Engine.QueueBytes = queueBytes
	ns := &throng.Namespace{
		Subscribe: throng.Anybody, Slow: policy, Retention: throng.Retention{Size: 1000, TTL: time.Minute},
	}
	o.Namespaces = func(string) *throng.Namespace { return ns }
	s := gatewaytest.Start(t, o)
	slow, quick := gatewaytest.Connect(t, s.Addr(), socketPath), gatewaytest.Connect(t, s.Addr(), socketPath)
	const withRecover = `["1","1","room:1","phx_join",{"recover":{}}]`
	slow.Text(withRecover)
	quick.Text(withRecover)
	slow.Message()
	quick.Message()
	data := []byte(`"` + strings.Repeat("x", 32<<10) + `"`)
	for i := range publications { // 13 MB, more than any socket takes
		done := make(chan error, 1)
		s.Node().Broadcast(context.Background(), "room:1", &throng.Publication{Event: "e", Data: data}, "",
			func(_ throng.PublishResult, err error) { done <- err })
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if m := quick.Message(); len(m.Data) < 32<<10 {
			t.Fatalf("publication %d: %q", i, m.Data)
		}
		if n := queued(s); n > 4*queueBytes {
			t.Fatalf("%d bytes wait", n)
		}
	}
	if policy == throng.SlowDisconnect {
		if code, reason := slow.CloseCode(); code != throng.DisconnectSlow.Code {
			t.Errorf("closed with %d %s", code, reason)
		}
		return
	}
	for n := 0; ; n++ { // in order, and then the word that some are missing
		m := slow.Message()
		if bytes.Contains(m.Data[:100], []byte(`"phx_error"`)) {
			break
		}
		if n == publications {
			t.Fatal("nothing is missing")
		}
	}
	quick.Text(beat)
	quick.Expect(beaten)
}
