package gateway

import (
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"throng/internal/loop"
	"throng/internal/websocket"
)

// admit charges a client for connecting. Status 0 means that it may; else it is
// how to refuse, with the time after which to come back. The address is asked for
// only if it matters. Who has no address, a peer on a Unix socket or a trusted
// proxy that does not say for whom it asks, is not limited by it.
func (g *Gateway) admit(address func() netip.Addr) (status int, wait time.Duration) {
	now := g.opts.Clock.Now()
	var a netip.Addr
	if g.opts.Addresses != nil {
		if a = address(); g.opts.Trusted.Contains(a) {
			a = netip.Addr{}
		}
		if wait := g.opts.Addresses.Take(a, now); wait > 0 {
			return http.StatusTooManyRequests, wait
		}
	}
	if wait := g.opts.Connects.Take(now); wait > 0 {
		g.opts.Addresses.Return(a) // that there are so many others is not its fault
		return http.StatusServiceUnavailable, wait
	}
	return 0, 0
}

// admitHandshake charges an address for a TLS handshake, which costs us more than
// the client. Nobody is told why he is refused: that would cost one.
func (g *Gateway) admitHandshake(a netip.Addr) bool {
	if g.opts.Handshakes == nil || g.opts.Trusted.Contains(a) {
		return true
	}
	return g.opts.Handshakes.Take(a, g.opts.Clock.Now()) == 0
}

// Admit is admit for a client that connects by HTTP. It answers a refused one and
// says no.
func (g *Gateway) Admit(w http.ResponseWriter, r *http.Request) bool {
	status, wait := g.admit(func() netip.Addr { return g.ClientAddr(r) })
	if status == 0 {
		return true
	}
	g.stats.refused(status)
	w.Header().Set("Retry-After", retryAfter(wait))
	w.WriteHeader(status)
	return false
}

// retryAfter is a time in whole seconds, rounded up (RFC 9110 section 10.2.3).
func retryAfter(wait time.Duration) string {
	return strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10)
}

// clientAddr is the address of the client that sent an upgrade: that of the peer,
// or what a trusted proxy says.
func (g *Gateway) clientAddr(c *loop.Conn, r *websocket.Request) netip.Addr {
	peer := c.RemoteAddr().Addr()
	if !g.opts.Trusted.Contains(peer) {
		return peer
	}
	return g.opts.Trusted.Client(peer, slices.Collect(r.Values("forwarded")), slices.Collect(r.Values("x-forwarded-for")))
}

// ClientAddr is the address of the client that sent an HTTP request.
func (g *Gateway) ClientAddr(r *http.Request) netip.Addr {
	var peer netip.Addr // a Unix socket has none
	if ap, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		peer = ap.Addr().Unmap()
	}
	if !g.opts.Trusted.Contains(peer) {
		return peer
	}
	return g.opts.Trusted.Client(peer, valuesOf(r.Header["Forwarded"]), valuesOf(r.Header["X-Forwarded-For"]))
}

// valuesOf are header values as bytes.
func valuesOf(list []string) [][]byte {
	values := make([][]byte, len(list))
	for i, v := range list {
		values[i] = []byte(v)
	}
	return values
}
