//go:build linux

package main

import (
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// loop is one goroutine's share: connections, and their part of the channels.
type loop struct {
	house           *house
	index           int
	epoll, listener int
	waker           int // an eventfd
	events          []unix.EpollEvent
	conns           []*conn // by descriptor
	buf             []byte  // what was read
	answers         []byte  // of this turn
	asked           []asked // whose they are
	frame           []byte  // a broadcast
	loud            []*part // of channels with something to say

	mu    sync.Mutex
	mail  []letter // what other loops have for us
	spare []letter
}

// asked is a connection that gets the answers up to end.
type asked struct {
	conn *conn
	end  int
}

// letter is a broadcast on its way to another loop.
type letter struct {
	to    *part
	frame []byte
}

func newLoop(h *house, index int) (*loop, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	waker, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("eventfd", err)
	}
	l := &loop{
		house: h, index: index, epoll: epoll, waker: waker,
		events: make([]unix.EpollEvent, 32), buf: make([]byte, 64<<10),
	}
	return l, l.watch(unix.EPOLL_CTL_ADD, waker, unix.EPOLLIN)
}

func (l *loop) watch(op, fd int, events uint32) error {
	ev := unix.EpollEvent{Events: events, Fd: int32(fd)}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(l.epoll, op, fd, &ev))
}

func (l *loop) run() error {
	for {
		n, err := unix.EpollWait(l.epoll, l.events, -1)
		if err != nil && err != unix.EINTR {
			return os.NewSyscallError("epoll_wait", err)
		}
		for i := range l.events[:max(n, 0)] {
			if err := l.ready(int(l.events[i].Fd), l.events[i].Events); err != nil {
				return err
			}
		}
		l.reply()
		for _, p := range l.loud {
			p.speak(l)
		}
		l.loud = l.loud[:0]
	}
}

func (l *loop) ready(fd int, events uint32) error {
	switch fd {
	case l.listener:
		return l.accept()
	case l.waker:
		l.receive()
		return nil
	}
	c := l.conns[fd]
	if c == nil {
		return nil
	}
	if events&unix.EPOLLOUT != 0 {
		l.flush(c)
	}
	if events&^unix.EPOLLOUT != 0 {
		l.read(c)
	}
	return nil
}

// post gives another loop a broadcast.
func (l *loop) post(m letter) {
	l.mu.Lock()
	l.mail = append(l.mail, m)
	first := len(l.mail) == 1
	l.mu.Unlock()
	if first { // nobody wakes it twice for one look into its mail
		_, _ = unix.Write(l.waker, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	}
}

func (l *loop) receive() {
	var count [8]byte
	_, _ = unix.Read(l.waker, count[:])
	l.mu.Lock()
	mail := l.mail
	l.mail, l.spare = l.spare[:0], mail
	l.mu.Unlock()
	for i, m := range mail {
		m.to.add(l, m.frame)
		mail[i] = letter{}
	}
}
