package loop

import "net/netip"

// SetPeer says whose connection it is where the socket's other end is a proxy.
// An invalid address takes that back. Few have one, so it is kept aside.
func (c *Conn) SetPeer(p netip.AddrPort) {
	l := c.loop
	switch {
	case c.is(flagGone):
	case p.IsValid():
		if l.peers == nil {
			l.peers = map[uint32]netip.AddrPort{}
		}
		l.peers[c.slot] = p
	default:
		delete(l.peers, c.slot)
	}
}

// setPeer returns what SetPeer said; invalid if nothing.
func (c *Conn) setPeer() netip.AddrPort {
	if len(c.loop.peers) == 0 {
		return netip.AddrPort{}
	}
	return c.loop.peers[c.slot]
}

// Unknown is the address of a peer that can't be told any more, because it has
// reset its connection. Unix sockets have none at all.
var Unknown = netip.IPv6Unspecified()

// RemoteAddr returns the peer's address; invalid for Unix sockets.
func (c *Conn) RemoteAddr() netip.AddrPort {
	if c.is(flagGone) {
		return netip.AddrPort{} // slot and descriptor are somebody else's now
	}
	if p := c.setPeer(); p.IsValid() {
		return p
	}
	if c.carrier != nil {
		return c.carrier.peer()
	}
	return peerAddr(int(c.fd))
}
