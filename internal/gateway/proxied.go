package gateway

import (
	"throng/internal/loop"
	"throng/internal/proxy"
)

// proxied is the first handler of connections where proxies announce their
// clients with a PROXY protocol header. What follows the header is the next
// handler's. Who is not a trusted proxy has no say in who he is.
type proxied struct {
	*door
	next loop.Handler
}

// Data implements loop.Handler.
func (p *proxied) Data(c *loop.Conn, b []byte) int {
	if !p.g.opts.Trusted.Contains(c.RemoteAddr().Addr()) {
		switch {
		case !proxy.Begins(b):
			return p.pass(c, b)
		case !proxy.Announces(b):
			return 0 // POST begins like it too
		default:
			p.refused(c, "PROXY header from an address that is not trusted", "the address of your proxy belongs into proxy.trusted")
			return len(b)
		}
	}
	client, n, err := proxy.Header(b)
	switch {
	case err != nil:
		p.refused(c, err.Error(), "a trusted proxy must send a PROXY header: send-proxy-v2 in HAProxy, proxy_protocol on in nginx")
		return len(b)
	case n == 0:
		return 0
	}
	if client.IsValid() {
		c.SetPeer(client)
	}
	return n + p.pass(c, b[n:])
}

// pass gives the connection to the next handler, which begins as if it were the
// first.
func (p *proxied) pass(c *loop.Conn, b []byte) int {
	c.SetHandler(p.next)
	p.next.Open(c)
	if len(b) == 0 {
		return 0
	}
	return p.next.Data(c, b)
}

// refused drops a connection. There is nobody to answer: neither side is known to
// speak HTTP.
func (p *proxied) refused(c *loop.Conn, why, hint string) {
	p.g.stats.refused(400)
	p.g.complain("PROXY header refused", "peer", c.RemoteAddr().String(), "reason", why, "hint", hint)
	c.Abort(errRefused)
}

// Timer ends a peer that has not sent its header in time.
func (p *proxied) Timer(c *loop.Conn) {
	p.g.stats.refused(408)
	c.Abort(errRefused)
}
