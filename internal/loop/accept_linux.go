package loop

import (
	"fmt"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// rawListener is a listener's descriptor where it can be both accepted from and
// waited for. net's listeners don't let their own be read.
type rawListener struct {
	net.Listener
	file *os.File
	conn syscall.RawConn
}

// raw returns a listener that acceptFDs takes.
func raw(ln net.Listener) (net.Listener, error) {
	f, ok := ln.(interface{ File() (*os.File, error) })
	if !ok {
		return nil, fmt.Errorf("%T has no descriptor", ln)
	}
	file, err := f.File()
	if err != nil {
		return nil, err
	}
	conn, err := file.SyscallConn()
	if err != nil {
		file.Close()
		return nil, err
	}
	return &rawListener{ln, file, conn}, nil
}

func (l *rawListener) Close() error {
	err := l.file.Close()
	if e := l.Listener.Close(); err == nil {
		err = e
	}
	return err
}

// acceptFDs waits for connections and accepts all that are there, as plain
// descriptors: a net.Conn would be registered with the runtime's poller and cost
// several allocations. Options such as TCP_NODELAY come from the listener.
func (a *acceptor) acceptFDs() error {
	var failed error
	err := a.ln.(*rawListener).conn.Read(func(fd uintptr) bool {
		for range acceptBatch {
			nfd, _, errno := unix.Syscall6(unix.SYS_ACCEPT4, fd, 0, 0, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
			switch errno {
			case 0:
				a.took(int(nfd))
			case unix.EAGAIN:
				a.pause = 0  // nobody waits any more: what held us up is over
				return false // wait for readiness
			default:
				failed = errno
				return true
			}
		}
		return true
	})
	if err != nil {
		return err
	}
	return failed
}

const acceptBatch = 256

func (a *acceptor) took(fd int) {
	if !a.e.admit() {
		// What came already must be read, or closing would reset the refusal
		// away.
		var b [4096]byte
		_, _ = unix.Read(fd, b[:])
		_, _ = unix.Write(fd, a.e.opts.Refusal)
		_ = unix.Close(fd)
		return
	}
	t := &adoption{l: a.e.place(), fd: fd, h: a.handler()}
	t.l.Post(t)
}
