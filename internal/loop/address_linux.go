package loop

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// peerAddr asks the kernel, so that an idle connection needn't remember it. Of a
// peer that has reset the connection the kernel knows nothing any more.
func peerAddr(fd int) netip.AddrPort {
	sa, err := unix.Getpeername(fd)
	if err != nil {
		return netip.AddrPortFrom(Unknown, 0)
	}
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr).Unmap(), uint16(sa.Port))
	}
	return netip.AddrPort{}
}
