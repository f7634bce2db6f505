//go:build linux

package main

import (
	"bytes"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"throng/internal/protocol/phoenix"
	"throng/internal/websocket"
)

// conn is one client.
type conn struct {
	fd       int
	channel  int
	upgraded bool
	in       []byte
}

func (k *conn) write(b []byte) error {
	for len(b) > 0 {
		n, err := unix.Write(k.fd, b)
		if err == unix.EAGAIN {
			time.Sleep(time.Millisecond)
			continue
		}
		if err != nil {
			return fmt.Errorf("write: %w", err)
		}
		b = b[n:]
	}
	return nil
}

// masked makes a client's frame.
func masked(dst, message []byte) []byte {
	return websocket.AppendMaskedFrame(dst, websocket.OpText, [4]byte{1, 2, 3, 4}, message)
}

// read takes what came to a connection; nothing may have.
func (c *crowd) read(k *conn) error {
	n, err := unix.Read(k.fd, c.buf)
	if err == unix.EAGAIN {
		return nil
	}
	if err != nil || n == 0 {
		return fmt.Errorf("connection closed by the server (%v)", err)
	}
	b := c.buf[:n]
	if len(k.in) > 0 {
		b = append(k.in, b...)
	}
	if !k.upgraded {
		end := bytes.Index(b, []byte("\r\n\r\n"))
		if end < 0 || !bytes.HasPrefix(b, []byte("HTTP/1.1 101")) {
			return fmt.Errorf("not upgraded: %q", b)
		}
		k.upgraded = true
		b = b[end+4:]
		join := phoenix.AppendPush(nil, phoenix.V2, []byte(`"1"`), []byte(`"1"`), c.name(k.channel), "phx_join", c.payload)
		if err := k.write(masked(nil, join)); err != nil {
			return err
		}
	}
	for len(b) >= 2 {
		size, head := int(b[1]), 2
		if size == 126 {
			if len(b) < 4 {
				break
			}
			size, head = int(b[2])<<8|int(b[3]), 4
		}
		if len(b) < head+size {
			break
		}
		if err := c.take(k, b[head:head+size]); err != nil {
			return err
		}
		b = b[head+size:]
	}
	k.in = append(k.in[:0], b...)
	if len(b) == 0 {
		k.in = nil
	}
	return nil
}

// take counts a message by its shape; whoever connects joins first.
func (c *crowd) take(k *conn, m []byte) error {
	switch {
	case bytes.HasPrefix(m, []byte(`["1","1",`)):
		c.joined++
		return c.recovered(m)
	case bytes.HasPrefix(m, []byte(`[null,null,`)):
		c.pushes++
		if len(c.sent) > 0 {
			c.delays = append(c.delays, float64(c.now.Sub(c.sent[k.channel]).Microseconds())/1000)
		}
	default:
		c.replies++
		if c.left > 0 {
			c.left--
			return k.write(c.said(k))
		}
	}
	return nil
}
