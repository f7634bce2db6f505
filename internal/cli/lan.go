package cli

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
)

// tellLAN says where the other devices of the network find the page.
func tellLAN(w io.Writer, public []net.Addr) {
	urls := lanURLs(public, addresses())
	if len(urls) == 0 {
		fmt.Fprintln(w, "this machine is in no network, or listens on none: no other device can come; --listen :8000 listens on all")
		return
	}
	fmt.Fprintf(w, "on a phone in the same network: %s\n\n", urls[0])
	writeQR(w, urls[0], coloured(w))
	for _, url := range urls[1:] {
		fmt.Fprintf(w, "if that is another network: %s\n", url)
	}
	fmt.Fprintln(w, "\neverybody in your network may do everything in the demo now; if a phone finds nothing, a firewall keeps it out")
}

// addresses are those of this machine that another device may know it by, the one that
// leads out of the network first.
func addresses() (found []netip.Addr) {
	// Nothing is sent: the system only looks up the way.
	if c, err := net.Dial("udp4", "192.0.2.1:9"); err == nil {
		if out, ok := c.LocalAddr().(*net.UDPAddr); ok {
			found = append(found, out.AddrPort().Addr().Unmap())
		}
		_ = c.Close()
	}
	all, err := net.InterfaceAddrs()
	if err != nil {
		return found
	}
	for _, a := range all {
		prefix, err := netip.ParsePrefix(a.String())
		if err != nil {
			continue
		}
		if ip := prefix.Addr().Unmap(); ip.Is4() && ip.IsGlobalUnicast() && !slices.Contains(found, ip) {
			found = append(found, ip)
		}
	}
	return found
}

// lanURLs are the page's addresses for others: of listeners on all addresses each of
// this machine's, of one that others can reach its own.
func lanURLs(public []net.Addr, own []netip.Addr) (urls []string) {
	for _, a := range public {
		tcp, ok := a.(*net.TCPAddr)
		if !ok {
			continue
		}
		at := tcp.AddrPort()
		ips := []netip.Addr{at.Addr().Unmap()}
		if ips[0].IsUnspecified() {
			ips = own
		}
		for _, ip := range ips {
			if !ip.IsLoopback() {
				urls = append(urls, fmt.Sprintf("http://%s/", netip.AddrPortFrom(ip, at.Port())))
			}
		}
	}
	return urls
}
