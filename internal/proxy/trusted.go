package proxy

import (
	"fmt"
	"net/netip"
)

// Trusted are the peers whose word about a client's address is taken. The zero
// value trusts nobody. It does not change and may be shared.
type Trusted struct {
	prefixes []netip.Prefix
	unix     bool
}

// ParseTrusted reads a list of prefixes, addresses, and "unix" for whoever
// connects to a Unix socket.
func ParseTrusted(list []string) (t Trusted, err error) {
	for _, entry := range list {
		if entry == "unix" {
			t.unix = true
			continue
		}
		p, err := parsePrefix(entry)
		if err != nil {
			return Trusted{}, err
		}
		t.prefixes = append(t.prefixes, p)
	}
	return t, nil
}

// parsePrefix reads a prefix, or an address as the prefix of its whole length. An
// IPv4 prefix in IPv6's clothes is undressed, because addresses are too.
func parsePrefix(s string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(s)
	if err != nil {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return p, fmt.Errorf(`%q is neither an address nor a prefix: write "10.0.0.0/8", "192.0.2.1", "2001:db8::/32" or "unix"`, s)
		}
		p = netip.PrefixFrom(a, a.BitLen())
	}
	if p != p.Masked() {
		return p, fmt.Errorf("the prefix %q has bits behind its length: write %q", s, p.Masked())
	}
	if a := p.Addr(); a.Is4In6() && p.Bits() >= mapped {
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-mapped)
	}
	return p, nil
}

// mapped is how many bits stand before the IPv4 address in ::ffff:192.0.2.1.
const mapped = 96

// Contains reports whether a peer is trusted. A peer without an address is at the
// other end of a Unix socket.
func (t Trusted) Contains(a netip.Addr) bool {
	if !a.IsValid() {
		return t.unix
	}
	a = a.Unmap().WithZone("")
	for _, p := range t.prefixes {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// Any reports whether anybody is trusted.
func (t Trusted) Any() bool { return t.unix || len(t.prefixes) > 0 }
