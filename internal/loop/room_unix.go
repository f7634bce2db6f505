//go:build unix

package loop

import "golang.org/x/sys/unix"

// writable reports whether poll says that a socket can be written to now, or is over.
func writable(fd int) bool {
	fds := [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	n, err := unix.Poll(fds[:], 0)
	return n > 0 || err != nil && err != unix.EINTR
}
