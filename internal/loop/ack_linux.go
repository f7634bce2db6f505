package loop

import "golang.org/x/sys/unix"

// LastAck returns when the peer's system last confirmed anything, in Clock
// milliseconds; 0 where that is not known. It tells of a client that says nothing
// itself how long it has been there.
func (c *Conn) LastAck() int64 {
	if c.fd < 0 || c.is(flagGone) {
		return 0
	}
	info, err := unix.GetsockoptTCPInfo(int(c.fd), unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return 0
	}
	return c.loop.now - int64(info.Last_ack_recv)
}
