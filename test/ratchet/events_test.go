//go:build linux

package ratchet

import (
	"bytes"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"throng/test/process"
)

// TestEventStreams: an event stream costs no more memory than recorded, which is
// what a joined WebSocket costs, and its deliveries allocate nothing.
func TestEventStreams(t *testing.T) {
	s := process.Start(t, process.Build(t, "./cmd/throng"), "serve", "--dev", "--log-level", "info", "--set", "websocket.ping_interval=1h")
	const target = "/events?channel=hist:room"
	one := listen(t, s.Public(), target) // what the first of all costs is not counted
	before := live(t, s)
	streams := make([]net.Conn, 0, connections)
	for range connections {
		streams = append(streams, listen(t, s.Public(), target))
	}
	got := (live(t, s) - before) / connections
	deliver := func(n int) {
		for range n {
			publish(t, s)
			for _, nc := range streams {
				until(t, nc, "hello")
			}
		}
	}
	deliver(2) // the loops' own memory grows to what they need
	const rounds = 8
	delivery := allocations(t, s, func() { deliver(rounds) }) / (rounds * connections)
	t.Logf("%.1f bytes a stream, %.4f allocations a delivery", got, delivery)
	_ = one.Close()
	for _, nc := range streams {
		_ = nc.Close()
	}
	if *update {
		f := recorded(t)
		f.Stream = got
		record(t, f)
	}
	if want := recorded(t).Stream; got > want*slack {
		t.Errorf("%.1f bytes a stream, recorded %.1f", got, want)
	}
	if delivery > none {
		t.Errorf("%.4f allocations a delivery", delivery)
	}
}

// listen begins a stream and waits for its beginning.
func listen(t *testing.T, addr, target string) net.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := nc.Write([]byte("GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	until(t, nc, "event: subscribed")
	return nc
}

// until reads what there is until it has a word in it.
func until(t *testing.T, nc net.Conn, word string) {
	t.Helper()
	var all []byte
	b := make([]byte, 4<<10)
	_ = nc.SetReadDeadline(time.Now().Add(30 * time.Second))
	for !bytes.Contains(all, []byte(word)) {
		n, err := nc.Read(b)
		if err != nil {
			t.Fatalf("%v after %q", err, all)
		}
		all = append(all, b[:n]...)
	}
}

// publish publishes one message with the server API.
func publish(t *testing.T, s *process.Server) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, "http://"+s.Internal()+"/api/publish", strings.NewReader(`{"channel":"hist:room","data":"hello"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-API-Key", "dev")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatal(res.Status)
	}
}
