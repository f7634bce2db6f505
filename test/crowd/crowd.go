//go:build linux

package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"throng/internal/websocket"
)

// crowd is all connections and what came to them.
type crowd struct {
	addr, path, channel string
	size                int // of payloads, in bytes
	channels            int // that the connections took turns to join
	epoll               int
	conns               []*conn // by descriptor
	open                []*conn
	buf                 []byte
	events              []unix.EpollEvent
	now                 time.Time // when the last wait ended

	joined  int // phx_reply to joins
	replies int // other replies
	pushes  int

	payload []byte // of joins; nil for none
	missed  int    // what each join must bring
	answer  []byte // to the last join

	asking [][]byte    // by channel, what a connection that was answered says next
	left   int         // how often that is done yet
	sent   []time.Time // by channel, when something was last published
	delays []float64   // of what came since, in milliseconds
}

func newCrowd(addr, path, channel string, size int) (*crowd, error) {
	ep, err := unix.EpollCreate1(0)
	if err != nil {
		return nil, err
	}
	return &crowd{addr: addr, path: path, channel: channel, size: size, channels: 1, epoll: ep,
		buf: make([]byte, 64<<10), events: make([]unix.EpollEvent, 512)}, nil
}

const inFlight = 256 // handshakes under way at once

func (c *crowd) connect(n, channels int) (int, error) {
	c.channels = channels
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

// reconnect cuts all connections as the end of a proxy does, so that no port is
// left waiting, and comes back with as many.
func (c *crowd) reconnect() (int, error) {
	n := len(c.open)
	c.cut()
	return c.connect(n, c.channels)
}

func (c *crowd) cut() {
	for _, k := range c.open {
		_ = unix.SetsockoptLinger(k.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
		_ = unix.Close(k.fd)
	}
	clear(c.conns)
	c.open, c.joined = c.open[:0], 0
}

// name returns the name of a channel.
func (c *crowd) name(i int) string {
	if c.channels == 1 {
		return c.channel
	}
	return c.channel + "." + strconv.Itoa(i)
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
	k := &conn{fd: fd, channel: len(c.open) % c.channels}
	for len(c.conns) <= fd {
		c.conns = append(c.conns, nil)
	}
	c.conns[fd] = k
	c.open = append(c.open, k)
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}
	if err := unix.EpollCtl(c.epoll, unix.EPOLL_CTL_ADD, fd, &ev); err != nil {
		return err
	}
	path := strings.Replace(c.path, "NUMBER", strconv.Itoa(len(c.open)), 1)
	return k.write(websocket.AppendClientRequest(nil, c.addr, path, []byte("dGhlIHNhbXBsZSBub25jZQ==")))
}

var errSilence = errors.New("nothing came for 20 s")

// wait takes what came, and waits for something to come.
func (c *crowd) wait() error {
	return c.waitUntil(time.Now().Add(20*time.Second), errSilence)
}

// waitUntil is wait with a time after which there is something else to do.
func (c *crowd) waitUntil(end time.Time, late error) error {
	n, err := unix.EpollWait(c.epoll, c.events, max(0, int(time.Until(end).Milliseconds())))
	if err == unix.EINTR {
		return nil
	}
	if err != nil {
		return err
	}
	if n == 0 {
		return late
	}
	c.now = time.Now()
	for i := range c.events[:n] {
		if err := c.read(c.conns[c.events[i].Fd]); err != nil {
			return err
		}
	}
	return nil
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
