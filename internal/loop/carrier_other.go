//go:build !linux

package loop

import (
	"errors"
	"net"
	"net/netip"
)

// Elsewhere than on Linux every connection is a stream.

func newEpoll() (poller, error) { return nil, errors.ErrUnsupported }

func (c *Conn) watch() {}

func readFD(int, []byte) (int, error) { return 0, errors.ErrUnsupported }

func shutdownFD(int) {}

func writeFD(int, []byte) (int, error) { return 0, errors.ErrUnsupported }

func peerAddr(int) netip.AddrPort { return netip.AddrPort{} }

func (c *Conn) closeWrite() { c.carrier.closeWrite() }

func (c *Conn) close() { c.carrier.close() }

func (l *Loop) adoptFD(int, Handler) (*Conn, error) { return nil, errors.ErrUnsupported }

func takeFD(net.Conn) (int, error) { return -1, errors.ErrUnsupported }

func (c *Conn) detachFD() (net.Conn, error) { return nil, errors.ErrUnsupported }

func (a *acceptor) acceptFDs() error { return errors.ErrUnsupported }

func closeFD(int) {}

func raw(ln net.Listener) (net.Listener, error) { return ln, nil }
