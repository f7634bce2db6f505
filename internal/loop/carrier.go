package loop

import (
	"net"
	"net/netip"
)

// carrier moves a connection's bytes where that is not left to its descriptor
// alone. All methods are for the loop. A connection without one is written to and
// read from directly.
type carrier interface {
	// start is called once, when the handler was opened.
	start()
	// write takes what it can of what waits, and returns how much that was and
	// whether the peer took anything. The error is errAgain when it takes nothing
	// more now; then it sees to it that Loop.unstall is called when it does.
	write(q *queue) (n int, moved bool, err error)
	// busy reports whether it took bytes that it has not passed on.
	busy() bool
	// resume lets reading go on that Loop.throttle stopped.
	resume()
	closeWrite()
	close()
	// detach gives the connection up, with what was read and not seen by the loop,
	// and what was taken and not written. After an error nothing has changed.
	detach() (nc net.Conn, unread []byte, unwritten []Frame, err error)
	// peer is the other side's address; invalid where there is none.
	peer() netip.AddrPort
}
