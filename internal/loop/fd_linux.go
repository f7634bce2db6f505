package loop

import (
	"fmt"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// connFromFD makes a net.Conn of a duplicate of the descriptor.
func connFromFD(fd int) (net.Conn, error) {
	dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("dup: %w", err)
	}
	f := os.NewFile(uintptr(dup), "conn")
	defer f.Close()
	nc, err := net.FileConn(f)
	if err == nil && nc.RemoteAddr() == nil {
		// The peer reset it. What it sent may still be read, but whoever asks who
		// it was must not get nothing for an answer.
		_ = nc.Close()
		return nil, net.ErrClosed
	}
	return nc, err
}

// takeFD returns a duplicate of the connection's descriptor and closes the
// connection, so that the duplicate alone holds the socket.
func takeFD(nc net.Conn) (int, error) {
	sc, ok := nc.(syscall.Conn)
	if !ok {
		return -1, fmt.Errorf("%T has no descriptor", nc)
	}
	fd, err := duplicate(sc)
	if err == nil {
		_ = nc.Close()
	}
	return fd, err
}

// duplicate returns another descriptor of a socket.
func duplicate(sc syscall.Conn) (dup int, err error) {
	rc, err := sc.SyscallConn()
	if err != nil {
		return -1, err
	}
	failed := rc.Control(func(fd uintptr) {
		dup, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0)
	})
	if failed != nil {
		return -1, failed
	}
	if err != nil {
		return -1, fmt.Errorf("dup: %w", err)
	}
	return dup, nil
}

func closeFD(fd int) { _ = unix.Close(fd) }
