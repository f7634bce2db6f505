//go:build unix

package server

import (
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// socketOptions sets on the listener what every accepted socket shall inherit:
// no delay, and keep-alive against peers that vanished.
func socketOptions(network, _ string, c syscall.RawConn) error {
	if !strings.HasPrefix(network, "tcp") {
		return nil
	}
	var failed error
	err := c.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
		if failed == nil {
			failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
		}
	})
	if err != nil {
		return err
	}
	return failed
}
