//go:build linux

// Command crowd is the client side of the measurements: very many Phoenix
// connections in one process of its own, on one raw epoll loop, so that it costs
// little beside the server. It obeys lines on stdin and answers each with a line
// of JSON on stdout:
//
//	connect N        N connections that join CHANNEL          {"done":N,"seconds":S}
//	heartbeat        one heartbeat on each, all answered      {"done":N,"seconds":S}
//	publish K        K messages pushed by the first client    {"done":N×K,"seconds":S}
//
// usage: crowd ADDR PATH CHANNEL [PAYLOAD BYTES]
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"throng/internal/protocol/phoenix"
	"throng/internal/websocket"
)

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: crowd ADDR PATH CHANNEL [PAYLOAD BYTES]")
		os.Exit(2)
	}
	size := 64
	if len(os.Args) > 4 {
		size, _ = strconv.Atoi(os.Args[4])
	}
	c, err := newCrowd(os.Args[1], os.Args[2], os.Args[3], size)
	if err == nil {
		err = c.obey(os.Stdin)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "crowd:", err)
		os.Exit(1)
	}
}

type crowd struct {
	addr, path, channel string
	size                int
	epoll               int
	conns               []*conn // by descriptor
	open                []*conn
	buf                 []byte
	events              []unix.EpollEvent

	joined  int // phx_reply to joins
	replies int // other replies
	pushes  int
}

type conn struct {
	fd       int
	upgraded bool
	in       []byte
}

func newCrowd(addr, path, channel string, size int) (*crowd, error) {
	ep, err := unix.EpollCreate1(0)
	if err != nil {
		return nil, err
	}
	return &crowd{addr: addr, path: path, channel: channel, size: size, epoll: ep,
		buf: make([]byte, 64<<10), events: make([]unix.EpollEvent, 512)}, nil
}

func (c *crowd) obey(in *os.File) error {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		word, arg, _ := strings.Cut(lines.Text(), " ")
		n, _ := strconv.Atoi(arg)
		begin := time.Now()
		var done int
		var err error
		switch word {
		case "connect":
			done, err = c.connect(n)
		case "heartbeat":
			done, err = c.heartbeat()
		case "publish":
			done, err = c.publish(n)
		default:
			err = fmt.Errorf("unknown command %q", word)
		}
		if err != nil {
			return err
		}
		out, _ := json.Marshal(map[string]any{"done": done, "seconds": time.Since(begin).Seconds()})
		fmt.Println(string(out))
	}
	return lines.Err()
}

const inFlight = 256 // handshakes under way at once

func (c *crowd) connect(n int) (int, error) {
	target := c.joined + n
	for len(c.open) < target || c.joined < target {
		for len(c.open) < target && len(c.open)-c.joined < inFlight {
			if err := c.dial(); err != nil {
				return 0, err
			}
		}
		if err := c.wait(); err != nil {
			return 0, fmt.Errorf("%d of %d joined: %w", c.joined, target, err)
		}
	}
	return n, nil
}

func (c *crowd) dial() error {
	sa, err := sockaddr(c.addr)
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	if err := unix.Connect(fd, sa); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	_ = unix.SetNonblock(fd, true)
	k := &conn{fd: fd}
	for len(c.conns) <= fd {
		c.conns = append(c.conns, nil)
	}
	c.conns[fd] = k
	c.open = append(c.open, k)
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}
	if err := unix.EpollCtl(c.epoll, unix.EPOLL_CTL_ADD, fd, &ev); err != nil {
		return err
	}
	head := websocket.AppendClientRequest(nil, c.addr, c.path, []byte("dGhlIHNhbXBsZSBub25jZQ=="))
	return c.write(k, head)
}

func (c *crowd) write(k *conn, b []byte) error {
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

func (c *crowd) send(k *conn, frame []byte) error {
	return c.write(k, websocket.AppendMaskedFrame(nil, websocket.OpText, [4]byte{1, 2, 3, 4}, frame))
}

func (c *crowd) heartbeat() (int, error) {
	from := c.replies
	for i, k := range c.open {
		if err := c.send(k, []byte(`[null,"9","phoenix","heartbeat",{}]`)); err != nil {
			return 0, err
		}
		for i+1-(c.replies-from) > inFlight {
			if err := c.wait(); err != nil {
				return 0, err
			}
		}
	}
	for c.replies-from < len(c.open) {
		if err := c.wait(); err != nil {
			return 0, err
		}
	}
	return len(c.open), nil
}

func (c *crowd) publish(n int) (int, error) {
	want := c.pushes + n*len(c.open)
	payload := `{"m":"` + strings.Repeat("x", max(0, c.size-8)) + `"}`
	var b []byte
	for range n {
		f := phoenix.AppendPush(nil, phoenix.V2, []byte(`"1"`), []byte(`"2"`), c.channel, "msg", []byte(payload))
		b = websocket.AppendMaskedFrame(b, websocket.OpText, [4]byte{1, 2, 3, 4}, f)
	}
	if err := c.write(c.open[0], b); err != nil {
		return 0, err
	}
	from := c.replies
	for c.pushes < want || c.replies-from < n {
		if err := c.wait(); err != nil {
			return 0, fmt.Errorf("%d of %d deliveries missing: %w", want-c.pushes, n*len(c.open), err)
		}
	}
	return n * len(c.open), nil
}

var errSilence = fmt.Errorf("nothing came for 20 s")

func (c *crowd) wait() error {
	n, err := unix.EpollWait(c.epoll, c.events, 20_000)
	if err == unix.EINTR {
		return nil
	}
	if err != nil {
		return err
	}
	if n == 0 {
		return errSilence
	}
	for i := range c.events[:n] {
		if err := c.read(c.conns[c.events[i].Fd]); err != nil {
			return err
		}
	}
	return nil
}

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
		join := phoenix.AppendPush(nil, phoenix.V2, []byte(`"1"`), []byte(`"1"`), c.channel, "phx_join", nil)
		if err := c.send(k, join); err != nil {
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
		c.take(b[head : head+size])
		b = b[head+size:]
	}
	k.in = append(k.in[:0], b...)
	if len(b) == 0 {
		k.in = nil
	}
	return nil
}

// take counts a message by its shape; whoever connects joins first.
func (c *crowd) take(m []byte) {
	switch {
	case bytes.HasPrefix(m, []byte(`["1","1",`)):
		c.joined++
	case bytes.HasPrefix(m, []byte(`[null,null,`)):
		c.pushes++
	default:
		c.replies++
	}
}

func sockaddr(addr string) (unix.Sockaddr, error) {
	host, port, ok := strings.Cut(addr, ":")
	p, err := strconv.Atoi(port)
	if !ok || err != nil {
		return nil, syscall.EINVAL
	}
	sa := &unix.SockaddrInet4{Port: p}
	for i, part := range strings.SplitN(host, ".", 4) {
		n, _ := strconv.Atoi(part)
		sa.Addr[i] = byte(n)
	}
	return sa, nil
}
