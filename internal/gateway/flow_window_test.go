package gateway_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"throng"
	"throng/internal/gateway/gatewaytest"
)

// wire2 is a client's side of HTTP/2, whose windows the test opens.
type wire2 struct {
	t      testing.TB
	nc     *tls.Conn
	frames *http2.Framer
	got    []byte // of the stream's data
	acks   int    // of settings
}

// asks2 opens the windows far enough and asks for a path.
func asks2(t testing.TB, s *gatewaytest.Server, path string) *wire2 {
	t.Helper()
	nc, err := tls.Dial("tcp", s.Bare().String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	_, _ = io.WriteString(nc, http2.ClientPreface)
	w := &wire2{t: t, nc: nc, frames: http2.NewFramer(nc, bufio.NewReader(nc))}
	w.window(1 << 20)
	_ = w.frames.WriteWindowUpdate(0, 1<<20)
	_ = w.frames.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: head("GET", path), EndStream: true, EndHeaders: true})
	return w
}

// window says how much the stream may bring in all.
func (w *wire2) window(n int) {
	_ = w.frames.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: uint32(n)})
}

// until reads frames.
func (w *wire2) until(what string, done func() bool) {
	w.t.Helper()
	for !done() {
		_ = w.nc.SetReadDeadline(time.Now().Add(20 * time.Second))
		f, err := w.frames.ReadFrame()
		if err != nil {
			w.t.Fatalf("%s: %v after %q", what, err, w.got)
		}
		switch f := f.(type) {
		case *http2.DataFrame:
			w.got = append(w.got, f.Data()...)
		case *http2.SettingsFrame:
			if f.IsAck() {
				w.acks++
			} else {
				_ = w.frames.WriteSettingsAck()
			}
		case *http2.PingFrame:
			if !f.IsAck() {
				_ = w.frames.WritePing(true, f.Data)
			}
		}
	}
}

func (w *wire2) contains(s string) func() bool {
	return func() bool { return strings.Contains(string(w.got), s) }
}

// gate holds up a loop.
type gate struct{ open chan struct{} }

func (g gate) Run(int) { <-g.open }

// A client of HTTP/2 that keeps its window closed gets no more than one publication whose
// time is over when it opens it, however many came at once.
func TestFlowWindowClosed(t *testing.T) {
	const offers, ttl = 30, 250
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		s := start(t, kind+"+tls")
		w := asks2(t, s, "/events?channel=hist:a")
		w.until("subscribed", w.contains("event: subscribed"))
		w.until("its end", func() bool { return strings.HasSuffix(string(w.got), "\n\n") })
		w.window(len(w.got)) // no more
		w.until("agreed", func() bool { return w.acks == 2 })
		g := gate{make(chan struct{})}
		for i := range s.Engine().Loops() {
			s.Engine().Mailbox(i).Post(g)
		}
		due := throng.NewClock().Now() + ttl
		for i := range offers {
			publishAll(t, s, "hist:a", &throng.Publication{Data: fmt.Appendf(nil, `{"offer":%d}`, i), ExpiresAt: due})
		}
		close(g.open)
		time.Sleep((ttl + 50) * time.Millisecond)
		w.window(1 << 20)
		publish(t, s, "hist:a", `{"end":1}`)
		w.until("the end", w.contains(`"end"`))
		if n := strings.Count(string(w.got), `"offer"`); n > 1 {
			t.Errorf("%d offers came late", n)
		}
	})
}
