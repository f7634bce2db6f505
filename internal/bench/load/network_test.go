package load

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"throng/internal/bench/scenario"
	"throng/internal/websocket"
)

// listen has each connection served until the test ends.
func listen(t *testing.T, serve func(nc net.Conn, over <-chan struct{})) (addr string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var active sync.WaitGroup
	over := make(chan struct{})
	active.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			active.Go(func() {
				defer func() { _ = nc.Close() }()
				served := make(chan struct{})
				active.Go(func() {
					select {
					case <-over:
						_ = nc.Close()
					case <-served:
					}
				})
				serve(nc, over)
				close(served)
			})
		}
	})
	t.Cleanup(func() {
		close(over)
		_ = ln.Close()
		active.Wait()
	})
	return ln.Addr().String()
}

// accept does a server's part of the handshake.
func accept(nc net.Conn, w *Worker) bool {
	var b []byte
	for one := make([]byte, 1); websocket.HeadEnd(b, 0) < 0; b = append(b, one...) {
		if _, err := io.ReadFull(nc, one); err != nil {
			return false
		}
	}
	_, err := nc.Write(websocket.AppendResponse(nil, w.key, ""))
	return err == nil
}

// echoes answers frames, a few bytes at a time if they are to come so.
func echoes(nc net.Conn, most int) {
	var reader websocket.Reader
	limits := websocket.Limits{MaxMessage: 64 << 20, MaxFragments: 1}
	var rest []byte
	for buf := make([]byte, 64<<10); ; {
		n, err := nc.Read(buf)
		if err != nil {
			return
		}
		rest = append(rest, buf[:n]...)
		for {
			m, n, ok, err := reader.Next(rest, &limits)
			if rest = rest[n:]; err != nil {
				return
			}
			if !ok {
				break
			}
			for b := websocket.AppendFrame(nil, m.Op, m.Data); len(b) > 0; {
				n, err := nc.Write(b[:min(len(b), most)])
				if err != nil {
					return
				}
				b = b[n:]
			}
		}
	}
}

// carried runs a scenario of an act phase over each kind of network.
func carried(t *testing.T, text string, serve func(nc net.Conn, w *Worker, over <-chan struct{}), check func(*testing.T, *Worker)) {
	for name, other := range map[string]func(*Worker) (network, error){
		"epoll": newNetwork, "goroutines": func(w *Worker) (network, error) { return newStreams(w) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ready := make(chan *Worker, 1)
			addr := listen(t, func(nc net.Conn, over <-chan struct{}) {
				w := <-ready
				ready <- w
				serve(nc, w, over)
			})
			s, err := scenario.Parse([]byte("targets = [\"ws://" + addr + "/\"]\nwire = \"echo\"\nreconnect = \"never\"\n" + text))
			if err == nil {
				err = s.Check()
			}
			if err != nil {
				t.Fatal(err)
			}
			w, err := NewWorker(Plan{Scenario: s, Agents: 1})
			if err != nil {
				t.Fatal(err)
			}
			w.net.close()
			if w.net, err = other(w); err != nil {
				t.Fatal(err)
			}
			ready <- &Worker{key: w.key}
			t.Cleanup(w.Close)
			for i, p := range s.Phases {
				at := w.clock()
				w.begin(p, at)
				for end := time.Now().Add(time.Minute); !w.done(p, at); {
					if err := w.turn(maxWait); err != nil || time.Now().After(end) {
						t.Fatalf("phase %d: %v, %d waiting, %v", i, err, w.waiting, w.failures)
					}
				}
			}
			check(t, w)
		})
	}
}

const act = "[[phase]]\ndo = \"arrive\"\n[[phase]]\ndo = \"act\"\n"

// What the kernel does not take at once, and what comes in many reads, arrives
// whole and in order.
func TestBigMessages(t *testing.T) {
	t.Parallel()
	text := "payload = 300000\n[[users]]\ncount = 2\n[[users.script]]\ntimes = 1\n[[users.script.step]]\ndo = \"send\"\nburst = 10\n" + act
	carried(t, text, func(nc net.Conn, w *Worker, _ <-chan struct{}) {
		if accept(nc, w) {
			time.Sleep(200 * time.Millisecond) // until their window is full
			echoes(nc, 1<<20)
		}
	}, func(t *testing.T, w *Worker) {
		if w.counts.Replies != 20 || w.checks.Bad() > 0 || len(w.failures) > 0 {
			t.Errorf("%+v %+v %v", w.counts, w.checks, w.failures)
		}
	})
}

// Frames that come byte by byte are put together.
func TestSmallReads(t *testing.T) {
	t.Parallel()
	text := "[[users]]\ncount = 2\n[[users.script]]\ntimes = 5\n[[users.script.step]]\ndo = \"send\"\n" + act
	carried(t, text, func(nc net.Conn, w *Worker, _ <-chan struct{}) {
		if accept(nc, w) {
			echoes(nc, 1)
		}
	}, func(t *testing.T, w *Worker) {
		if w.counts.Replies != 10 || w.checks.Bad() > 0 || len(w.failures) > 0 {
			t.Errorf("%+v %+v %v", w.counts, w.checks, w.failures)
		}
	})
}

// A server that does not read is left, before what waits for it takes all memory.
func TestServerDoesNotRead(t *testing.T) {
	t.Parallel()
	text := "payload = 1000000\npatience = \"2s\"\n[[users]]\ncount = 1\n[[users.script]]\nevery = \"1ms\"\ntimes = 200\n" +
		"[[users.script.step]]\ndo = \"send\"\nno_wait = true\n" + act
	carried(t, text, func(nc net.Conn, w *Worker, over <-chan struct{}) {
		if accept(nc, w) {
			<-over
		}
	}, func(t *testing.T, w *Worker) {
		if w.failures["closed: the server does not read"] != 1 || w.open != 0 || len(w.clients[0].out) > 0 {
			t.Errorf("%v, %d open", w.failures, w.open)
		}
		if w.counts.BytesOut > 100e6 {
			t.Errorf("%d bytes were to be sent", w.counts.BytesOut)
		}
	})
}

// Descriptors of those who were not let in are closed.
func TestDialsThatFailLeaveNothing(t *testing.T) {
	t.Parallel()
	text := "[[users]]\ncount = 50\n[[phase]]\ndo = \"arrive\"\n"
	carried(t, text, func(net.Conn, *Worker, <-chan struct{}) {}, func(t *testing.T, w *Worker) {
		closed := int64(0)
		for reason, n := range w.failures {
			if strings.HasPrefix(reason, "closed: ") {
				closed += n
			}
		}
		if closed != 50 {
			t.Errorf("%v", w.failures)
		}
		for i := range w.clients {
			if c := &w.clients[i]; c.fd >= 0 || c.stream != nil || c.state != gone {
				t.Fatalf("%+v", c)
			}
		}
	})
}
