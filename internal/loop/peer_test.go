package loop_test

import (
	"net/netip"
	"testing"

	"throng/internal/loop"
)

// A peer that was set is the connection's address until it ends, wherever it
// goes, and not that of the next one in its slot.
func TestSetPeer(t *testing.T) {
	onAll(t, func(t *testing.T, on carrier) {
		r := start(t, on, loop.Options{}, nil)
		cl, _, c := r.dial()
		_, _, other := r.dial()
		peer := netip.MustParseAddrPort("[2001:db8::1]:443")
		var own netip.AddrPort
		var d loop.Detached
		r.on(c, func() {
			own = c.RemoteAddr()
			c.SetPeer(netip.MustParseAddrPort("192.0.2.1:1"))
			c.SetPeer(netip.AddrPort{})
			if c.RemoteAddr() != own {
				t.Errorf("address %v, want %v", c.RemoteAddr(), own)
			}
			c.SetPeer(peer)
			if c.RemoteAddr() != peer || other.RemoteAddr() == peer {
				t.Errorf("addresses %v, %v", c.RemoteAddr(), other.RemoteAddr())
			}
			d, _ = c.Detach()
			if c.RemoteAddr().IsValid() {
				t.Error("a detached connection has an address")
			}
			c.SetPeer(peer) // too late
		})
		if d.Peer != peer {
			t.Errorf("detached with %v", d.Peer)
		}
		back := newProbe(t)
		var first netip.AddrPort
		back.open = func(c *loop.Conn) { first = c.RemoteAddr() }
		r.e.AdoptFrom(d.Peer, d.Conn, d.In, back, true)
		c = receive(t, back.opened)
		r.on(c, func() {
			if first != peer || c.RemoteAddr() != peer {
				t.Errorf("addresses %v, %v", first, c.RemoteAddr())
			}
		})
		slot := c.Ref().Slot
		_ = cl.Close()
		_ = back.cause()
		_, _, c = r.dial()
		r.on(c, func() {
			if c.Ref().Slot != slot || c.RemoteAddr() == peer {
				t.Errorf("slot %d has %v", c.Ref().Slot, c.RemoteAddr())
			}
			d, _ = c.Detach()
		})
		if d.Peer.IsValid() {
			t.Errorf("detached with %v", d.Peer)
		}
		_ = d.Conn.Close()
		r.e.Release()
	})
}
