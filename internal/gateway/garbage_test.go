package gateway_test

import (
	"math/rand/v2"
	"os"
	"runtime"
	"testing"
	"time"

	"throng/internal/gateway/gatewaytest"
	"throng/internal/websocket"
)

// garbageConns is how many of each kind come; the race detector needs no more.
func garbageConns() int {
	if raceEnabled {
		return 60
	}
	return 300
}

// TestGarbage: any bytes, before and after the upgrade. The process lives, nothing
// is left over, and a WebSocket is always told why. One front after the other: what is
// left over is counted in the whole process.
func TestGarbage(t *testing.T) {
	gatewaytest.EachFrontInTurn(t, func(t *testing.T, kind string) {
		s := start(t, kind)
		gatewaytest.Connect(t, s.Addr(), socketPath).Bye()
		s.Empty(t)
		goroutines, descriptors := runtime.NumGoroutine(), openDescriptors()
		rng := rand.New(rand.NewPCG(1, 2))
		for range garbageConns() {
			garbageHead(t, s, rng)
			garbageFrames(t, s, rng)
		}
		s.Empty(t)
		talkative := gatewaytest.Connect(t, s.Addr(), socketPath)
		talk(t, talkative)
		talkative.Bye()
		s.Empty(t)
		for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			g, d := runtime.NumGoroutine(), openDescriptors()
			if g <= goroutines+5 && d <= descriptors+5 {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("%d goroutines were %d, %d descriptors were %d", g, goroutines, d, descriptors)
			}
		}
	})
}

func openDescriptors() int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(entries)
}

func garbage(rng *rand.Rand, n int) []byte {
	b := make([]byte, rng.IntN(n)+1)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

// garbageHead sends bytes that are no request, or a broken one.
func garbageHead(t *testing.T, s *gatewaytest.Server, rng *rand.Rand) {
	t.Helper()
	c := gatewaytest.Dial(t, s.Addr())
	defer c.Close()
	b := garbage(rng, 2000)
	if rng.IntN(2) == 0 { // a handshake with some bytes changed
		b = []byte(handshake("", ""))
		for range 1 + rng.IntN(4) {
			b[rng.IntN(len(b)-4)] = byte(rng.Uint32())
		}
	} else {
		b = append(b, "\r\n\r\n"...)
	}
	c.Raw(b)
	if status, _, _ := c.Response("GET"); status != 101 && status/100 != 4 && status != 505 {
		t.Errorf("%q: status %d", b, status)
	}
}

// garbageFrames sends bytes behind a good handshake, and at their end what no
// server takes.
func garbageFrames(t *testing.T, s *gatewaytest.Server, rng *rand.Rand) {
	t.Helper()
	path := socketPath
	if rng.IntN(2) == 0 {
		path = "/socket/websocket"
	}
	c := gatewaytest.Dial(t, s.Addr())
	defer c.Close()
	b := gatewaytest.Handshake(path)
	switch rng.IntN(3) {
	case 0:
		b = append(b, garbage(rng, 500)...)
	case 1: // good frames of garbage
		b = append(b, c.Frame(websocket.OpText, garbage(rng, 500))...)
		b = append(b, c.Frame(websocket.OpBinary, garbage(rng, 500))...)
	default: // a message with some bytes changed
		m := []byte(join)
		for range 1 + rng.IntN(3) {
			m[rng.IntN(len(m))] = byte(rng.Uint32())
		}
		b = append(b, c.Frame(websocket.OpText, m)...)
	}
	for range 20 { // whatever frame is open: it takes these bytes, and the next are wrong
		b = append(b, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"...)
	}
	go func() { _, _ = c.Write(append(b, make([]byte, 70<<10)...)) }()
	c.Upgraded()
	switch code, reason := c.CloseCode(); code {
	case 1000, 1002, 1005, 1007, 1009, 1011:
	default:
		if code < 3000 || code > 4999 { // an echoed one
			t.Errorf("closed with %d %s after %x", code, reason, b)
		}
	}
}
