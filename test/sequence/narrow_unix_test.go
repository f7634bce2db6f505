//go:build unix

package sequence

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// narrowSocket keeps the receive buffer small, and the sender's too: Linux gives
// a sender room in proportion to the largest segment that the receiver takes.
func narrowSocket(_, _ string, rc syscall.RawConn) error {
	var err error
	ctl := rc.Control(func(fd uintptr) {
		err = errors.Join(
			unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 8<<10),
			unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_MAXSEG, 1400))
	})
	return errors.Join(ctl, err)
}
