//go:build linux

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"throng/internal/websocket"
	"throng/test/process"
)

// The yardstick is one only if it does the same: what both servers send in the
// same exchange must be the same bytes.
func TestFramesEqualThrongs(t *testing.T) {
	for _, loops := range []int{1, 2} {
		t.Run(fmt.Sprint("loops=", loops), func(t *testing.T) {
			floor := process.Run(t, process.Build(t, "./test/floor"), fmt.Sprint("-loops=", loops))
			throng := process.Start(t, process.Build(t, "./cmd/throng"), "serve", "--dev", "--set", fmt.Sprint("engine.loops=", loops))
			got, want := play(t, floor.Public()), play(t, throng.Public())
			for i := range want {
				if !bytes.Equal(got[i].b, want[i].b) {
					t.Errorf("%s:\nfloor  %q\nthrong %q", want[i].what, got[i].b, want[i].b)
				}
			}
		})
	}
}

// heard is what a client got for what.
type heard struct {
	what string
	b    []byte
}

// play has three clients do all that the benchmarks do.
func play(t *testing.T, addr string) (all []heard) {
	note := func(what string, b []byte) { all = append(all, heard{what, b}) }
	var clients [3]*client
	for i := range clients {
		c := dial(t, addr, "/socket/websocket?vsn=2.0.0")
		clients[i] = c
		note("upgrade", c.head())
		c.say(`["1","1","room:1","phx_join",{}]`)
		note("join", c.frames(1))
		c.say(fmt.Sprintf(`["2","2","room:1.%d","phx_join",{}]`, i%2))
		note("second join", c.frames(1))
		c.say(`[null,"9","phoenix","heartbeat",{}]`, `[null,"10","phoenix","heartbeat",{}]`)
		note("heartbeats", c.frames(2))
	}
	a, b, c := clients[0], clients[1], clients[2]
	long := `{"m":"` + strings.Repeat("x", 200) + `"}`
	a.say(`["1","3","room:1","msg",{"m":"one"}]`)
	note("own event and its reply", a.frames(2))
	note("event", b.frames(1))
	note("event", c.frames(1))
	b.say(`["1","4","room:1","msg",`+long+`]`, `["2","5","room:1.1","msg",{"m":"alone"}]`, `["1","6","room:1","msg",`+long+`]`)
	note("own events and their replies", b.frames(6))
	note("burst", a.frames(2))
	note("burst", c.frames(2))
	c.say(`["2","7","room:1.0","msg",{"to":[1,2,"three"]}]`)
	note("own event in a shared channel", c.frames(2))
	note("event of a shared channel", a.frames(1))
	b.say(`[null,"8","phoenix","heartbeat",{}]`)
	note("heartbeat behind all", b.frames(1))

	e := dial(t, addr, "/echo")
	note("upgrade to the echo", e.head())
	e.say("one", long)
	note("echo", e.frames(2))
	return all
}

// client is a bare WebSocket that keeps what it gets as it came.
type client struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

func dial(t *testing.T, addr, path string) *client {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	c := &client{t, conn, bufio.NewReader(conn)}
	c.write(websocket.AppendClientRequest(nil, "example.com", path, []byte("dGhlIHNhbXBsZSBub25jZQ==")))
	return c
}

func (c *client) write(b []byte) {
	c.t.Helper()
	if _, err := c.conn.Write(b); err != nil {
		c.t.Fatal(err)
	}
}

// say sends messages in one write.
func (c *client) say(messages ...string) {
	c.t.Helper()
	var b []byte
	for _, m := range messages {
		b = websocket.AppendMaskedFrame(b, websocket.OpText, [4]byte{7, 11, 13, 17}, []byte(m))
	}
	c.write(b)
}

func (c *client) head() (b []byte) {
	c.t.Helper()
	for !bytes.HasSuffix(b, []byte("\r\n\r\n")) {
		line, err := c.in.ReadBytes('\n')
		if err != nil {
			c.t.Fatalf("%v after %q", err, b)
		}
		b = append(b, line...)
	}
	return b
}

// frames reads so many frames.
func (c *client) frames(n int) (b []byte) {
	c.t.Helper()
	for range n {
		size := 2
		head, err := c.in.Peek(4)
		if err != nil {
			c.t.Fatalf("%v after %q", err, b)
		}
		if size += int(head[1]); head[1] == 126 {
			size = 4 + int(head[2])<<8 + int(head[3])
		}
		frame := make([]byte, size)
		if _, err := io.ReadFull(c.in, frame); err != nil {
			c.t.Fatalf("%v after %q", err, b)
		}
		b = append(b, frame...)
	}
	return b
}
