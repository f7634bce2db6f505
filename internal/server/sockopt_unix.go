//go:build unix

package server

import (
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// sockopt is one option of a socket.
type sockopt struct{ level, name, value int }

// socketOptions sets on the listener what every accepted socket shall inherit:
// no delay, and keep-alive against peers that vanished. Loops accept without the
// net package, which would set them on each.
func socketOptions(network, _ string, c syscall.RawConn) error {
	if !strings.HasPrefix(network, "tcp") {
		return nil
	}
	options := append([]sockopt{
		{unix.IPPROTO_TCP, unix.TCP_NODELAY, 1},
		{unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
	}, keepAliveTimes()...)
	var failed error
	err := c.Control(func(fd uintptr) {
		for _, o := range options {
			if failed = unix.SetsockoptInt(int(fd), o.level, o.name, o.value); failed != nil {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	return failed
}
