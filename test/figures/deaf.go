//go:build linux

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

// deafen makes clients that join the channel of offers and then read no more, and has
// the server send them so much that the buffers on both sides are full.
func deafen(public, internal string, n int) (deaf []net.Conn, err error) {
	for len(deaf) < n {
		nc, err := deafClient(public)
		if err != nil {
			return deaf, err
		}
		deaf = append(deaf, nc)
	}
	body := fmt.Sprintf(`{"channel":"bench:deaf","data":%q}`, strings.Repeat("x", 32<<10))
	for range 200 {
		if err := call(internal, "publish", body); err != nil {
			return deaf, err
		}
		time.Sleep(50 * time.Millisecond)
		m, err := scrape(internal)
		if err != nil {
			return deaf, err
		}
		if m.queued >= float64(n)*(64<<10) {
			return deaf, nil
		}
	}
	return deaf, fmt.Errorf("the buffers of those who don't read do not fill")
}

// deafClient joins two channels and reads the answers.
func deafClient(addr string) (net.Conn, error) {
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	_ = nc.(*net.TCPConn).SetReadBuffer(64 << 10)
	_ = nc.SetDeadline(time.Now().Add(10 * time.Second))
	_, err = fmt.Fprintf(nc, "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", addr)
	if err != nil {
		return nil, err
	}
	in := bufio.NewReader(nc)
	for line := ""; line != "\r\n"; {
		if line, err = in.ReadString('\n'); err != nil {
			return nil, fmt.Errorf("upgrade: %w", err)
		}
	}
	for i, channel := range []string{offers, "bench:deaf"} {
		if err := say(nc, fmt.Sprintf(`["%d","%d",%q,"phx_join",{}]`, i, i, channel)); err != nil {
			return nil, err
		}
		if _, err := frame(in); err != nil {
			return nil, fmt.Errorf("join: %w", err)
		}
	}
	return nc, nc.SetDeadline(time.Time{})
}

// say sends a short text frame with a mask of zeros (RFC 6455 section 5.2).
func say(nc net.Conn, text string) error {
	_, err := nc.Write(append([]byte{0x81, 0x80 | byte(len(text)), 0, 0, 0, 0}, text...))
	return err
}

// frame reads a frame of less than 64 KiB.
func frame(in *bufio.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(in, head[:2]); err != nil {
		return nil, err
	}
	n := int(head[1])
	if n == 126 {
		if _, err := io.ReadFull(in, head[2:]); err != nil {
			return nil, err
		}
		n = int(head[2])<<8 | int(head[3])
	}
	b := make([]byte, n)
	_, err := io.ReadFull(in, b)
	return b, err
}

// hear lets those who did not read catch up, and returns how many offers they get.
func hear(deaf []net.Conn) (heard int, err error) {
	var all sync.WaitGroup
	var mu sync.Mutex
	for _, nc := range deaf {
		all.Go(func() {
			n, e := catchUp(nc)
			mu.Lock()
			defer mu.Unlock()
			heard += n
			err = errors.Join(err, e)
		})
	}
	all.Wait()
	return heard, err
}

// catchUp reads up to the answer to a heartbeat, and counts offers.
func catchUp(nc net.Conn) (offersSeen int, err error) {
	_ = nc.SetDeadline(time.Now().Add(2 * time.Minute))
	if err := say(nc, `[null,"last","phoenix","heartbeat",{}]`); err != nil {
		return 0, err
	}
	for in := bufio.NewReader(nc); ; {
		b, err := frame(in)
		switch {
		case err != nil:
			return offersSeen, fmt.Errorf("who was deaf: %w", err)
		case bytes.HasPrefix(b, []byte(`[null,"last"`)):
			return offersSeen, nil
		case bytes.Contains(b[:min(len(b), 64)], []byte(`"`+offers+`"`)):
			offersSeen++
		}
	}
}

func hangUp(deaf []net.Conn) {
	for _, nc := range deaf {
		_ = nc.Close()
	}
}
