//go:build linux

package main

import (
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// listen opens the loop's listener and returns its address.
func (l *loop) listen(at netip.AddrPort) (netip.AddrPort, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return at, os.NewSyscallError("socket", err)
	}
	for _, option := range [...][2]int{
		{unix.SOL_SOCKET, unix.SO_REUSEADDR}, {unix.SOL_SOCKET, unix.SO_REUSEPORT},
		{unix.IPPROTO_TCP, unix.TCP_NODELAY}, // the accepted sockets inherit it
	} {
		if err := unix.SetsockoptInt(fd, option[0], option[1], 1); err != nil {
			return at, os.NewSyscallError("setsockopt", err)
		}
	}
	sa := &unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}
	if err := unix.Bind(fd, sa); err != nil {
		return at, os.NewSyscallError("bind", err)
	}
	if err := unix.Listen(fd, backlog); err != nil {
		return at, os.NewSyscallError("listen", err)
	}
	bound, err := unix.Getsockname(fd)
	if err != nil {
		return at, os.NewSyscallError("getsockname", err)
	}
	l.listener = fd
	return netip.AddrPortFrom(at.Addr(), uint16(bound.(*unix.SockaddrInet4).Port)), l.watch(unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN)
}

const backlog = 4096

// accept takes all connections that wait.
func (l *loop) accept() error {
	for {
		fd, _, errno := unix.Syscall6(unix.SYS_ACCEPT4, uintptr(l.listener), 0, 0, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
		switch errno {
		case 0:
			if err := l.open(int(fd)); err != nil {
				return err
			}
		case unix.EAGAIN:
			return nil
		case unix.EINTR, unix.ECONNABORTED:
		default:
			return os.NewSyscallError("accept4", errno)
		}
	}
}
