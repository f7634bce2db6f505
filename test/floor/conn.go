//go:build linux

package main

import (
	"slices"

	"golang.org/x/sys/unix"
)

// conn is one connection.
type conn struct {
	fd    int
	state state
	subs  []subscription
	in    []byte // the beginning of a frame
	out   []byte // what the kernel did not take
}

type state uint8

const (
	stateHead  state = iota // waits for the request
	stateTalk               // speaks Phoenix
	stateEcho               // sends everything back
	stateEnded              // closed
)

func (l *loop) open(fd int) error {
	for len(l.conns) <= fd {
		l.conns = append(l.conns, nil)
	}
	l.conns[fd] = &conn{fd: fd}
	return l.watch(unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN)
}

func (l *loop) drop(c *conn) {
	if c.state == stateEnded {
		return
	}
	c.state = stateEnded
	for len(c.subs) > 0 {
		l.leave(c, c.subs[0].part)
	}
	l.conns[c.fd] = nil
	_ = unix.Close(c.fd)
}

// read reads once. What came is answered at the end of the turn.
func (l *loop) read(c *conn) {
	kept := copy(l.buf, c.in)
	n, err := unix.Read(c.fd, l.buf[kept:])
	if err == unix.EAGAIN || err == unix.EINTR {
		return
	}
	if err != nil || n == 0 {
		l.drop(c)
		return
	}
	from := len(l.answers)
	b := l.buf[:kept+n]
	used, ok := l.take(c, b)
	if !ok {
		l.answers = l.answers[:from]
		l.drop(c)
		return
	}
	if used < len(b) {
		c.in = append(c.in[:0], b[used:]...)
	} else if c.in != nil {
		c.in = nil
	}
	if len(l.answers) > from {
		l.asked = append(l.asked, asked{c, len(l.answers)})
	}
}

// reply writes the answers of the turn.
func (l *loop) reply() {
	from := 0
	for _, a := range l.asked {
		if a.conn.state != stateEnded {
			l.write(a.conn, l.answers[from:a.end])
		}
		from = a.end
	}
	l.asked, l.answers = l.asked[:0], l.answers[:0]
}

// take handles all that is whole in b and returns how much that was.
func (l *loop) take(c *conn, b []byte) (used int, ok bool) {
	if c.state == stateHead {
		if used, ok = l.upgrade(c, b); used == 0 {
			return 0, ok
		}
	}
	for {
		op, payload, n := frame(b[used:])
		if n == 0 {
			return used, true
		}
		used += n
		switch {
		case op == opClose:
			return used, false
		case c.state == stateEcho:
			l.answers = appendFrame(l.answers, op, payload)
		case op != opText || !l.message(c, payload):
			return used, false
		}
	}
}

// write writes b, or keeps what can't be written now.
func (l *loop) write(c *conn, b []byte) {
	if len(c.out) == 0 {
		n, err := unix.Write(c.fd, b)
		if n == len(b) {
			return
		}
		if err != nil && err != unix.EAGAIN {
			return // reading will tell
		}
		b = b[max(n, 0):]
		_ = l.watch(unix.EPOLL_CTL_MOD, c.fd, unix.EPOLLIN|unix.EPOLLOUT)
	}
	c.out = append(c.out, b...)
}

// flush writes what was kept.
func (l *loop) flush(c *conn) {
	n, _ := unix.Write(c.fd, c.out)
	if c.out = slices.Delete(c.out, 0, max(n, 0)); len(c.out) == 0 {
		c.out = nil
		_ = l.watch(unix.EPOLL_CTL_MOD, c.fd, unix.EPOLLIN)
	}
}
