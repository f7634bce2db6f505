package gateway_test

import (
	"bytes"
	"io"
	"math"
	"net"
	"runtime"
	"testing"
	"time"

	"throng/internal/gateway/gatewaytest"
	"throng/internal/websocket"
)

// trips sends the same bytes again and again and reads as many as came back the
// first time. The client's side allocates nothing.
type trips struct {
	nc        net.Conn
	send, got []byte
}

func newTrips(c *gatewaytest.Client, send []byte, answers int) *trips {
	c.Raw(send)
	size := 0
	for range answers {
		m := c.Message()
		size += len(websocket.AppendFrame(nil, m.Op, m.Data))
	}
	_ = c.SetDeadline(time.Time{}) // many trips take longer than a message may
	return &trips{nc: c.Conn, send: send, got: make([]byte, size)}
}

func (tr *trips) trip(t testing.TB) {
	if _, err := tr.nc.Write(tr.send); err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(tr.got); {
		m, err := tr.nc.Read(tr.got[n:])
		if err != nil {
			t.Fatal(err)
		}
		n += m
	}
}

func heartbeats(t testing.TB, kind, params string) *trips {
	c := gatewaytest.Connect(t, start(t, kind).Addr(), socketPath+params)
	return newTrips(c, c.Frame(websocket.OpText, []byte(beat)), 1)
}

// TestHeartbeatAllocates: a heartbeat costs the server no allocation, nor does one that
// is answered with the time.
func TestHeartbeatAllocates(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for _, params := range []string{"", "&time=1"} {
		heartbeatAllocates(t, heartbeats(t, "auto", params))
	}
}

func heartbeatAllocates(t *testing.T, tr *trips) {
	t.Helper()
	const n, rounds = 500, 40
	var before, after runtime.MemStats
	least := uint64(math.MaxUint64) // of a round: whatever else goes on in the process allocates now and then
	for range rounds {
		runtime.ReadMemStats(&before)
		for range n {
			tr.trip(t)
		}
		runtime.ReadMemStats(&after)
		if least = min(least, after.Mallocs-before.Mallocs); least < n/50 {
			return
		}
	}
	t.Errorf("%d allocations for %d heartbeats", least, n)
}

func BenchmarkHeartbeat(b *testing.B) {
	for _, kind := range gatewaytest.Engines {
		b.Run(kind, func(b *testing.B) {
			tr := heartbeats(b, kind, "")
			b.ReportAllocs()
			for b.Loop() {
				tr.trip(b)
			}
		})
	}
}

// BenchmarkPush is an event that is broadcast to its sender and answered.
func BenchmarkPush(b *testing.B) {
	for _, kind := range gatewaytest.Engines {
		b.Run(kind, func(b *testing.B) {
			c := gatewaytest.Connect(b, start(b, kind).Addr(), socketPath)
			c.Text(join)
			c.Expect(joined)
			tr := newTrips(c, c.Frame(websocket.OpText, []byte(`["1","2","room:1","hello",{"text":"hello, world"}]`)), 2)
			b.ReportAllocs()
			for b.Loop() {
				tr.trip(b)
			}
		})
	}
}

// BenchmarkConnect is a new connection that upgrades, joins a channel and closes.
func BenchmarkConnect(b *testing.B) {
	for _, kind := range gatewaytest.Engines {
		b.Run(kind, func(b *testing.B) {
			addr := start(b, kind).Addr()
			c := gatewaytest.Dial(b, addr)
			hello := bytes.Join([][]byte{
				gatewaytest.Handshake(socketPath), c.Frame(websocket.OpText, []byte(join)),
				c.Frame(websocket.OpClose, closePayload(websocket.CloseNormal)),
			}, nil)
			c.Close()
			buf := make([]byte, 4096)
			b.ReportAllocs()
			for b.Loop() {
				nc, err := net.Dial("tcp", addr.String())
				if err != nil {
					b.Fatal(err)
				}
				if _, err := nc.Write(hello); err != nil {
					b.Fatal(err)
				}
				got, err := io.ReadFull(nc, buf)
				if err != io.ErrUnexpectedEOF || !bytes.Contains(buf[:got], []byte(joined)) {
					b.Fatalf("%v after %q", err, buf[:got])
				}
				_ = nc.Close()
			}
		})
	}
}
