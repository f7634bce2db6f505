package certs

import (
	"crypto/tls"
	"strings"
)

// names finds certificates by the name that a client asks for, RFC 6066 section 3.
// It never changes.
type names struct {
	first    *tls.Certificate
	exact    map[string][]*tls.Certificate
	wildcard map[string][]*tls.Certificate // by what follows "*."
}

// index makes the table; what comes first is preferred.
func index(list []*tls.Certificate) *names {
	n := &names{first: list[0], exact: map[string][]*tls.Certificate{}, wildcard: map[string][]*tls.Certificate{}}
	for _, cert := range list {
		for _, name := range cert.Leaf.DNSNames {
			name = fold(name)
			if parent, ok := strings.CutPrefix(name, "*."); ok {
				n.wildcard[parent] = append(n.wildcard[parent], cert)
			} else {
				n.exact[name] = append(n.exact[name], cert)
			}
		}
	}
	return n
}

// find chooses for a handshake: a certificate with exactly that name, then one
// with a wildcard for it, else the first.
func (n *names) find(hello *tls.ClientHelloInfo) *tls.Certificate {
	name := fold(hello.ServerName)
	if list := n.exact[name]; len(list) > 0 {
		return pick(list, hello)
	}
	// A wildcard stands for one label, RFC 6125 section 6.4.3.
	if _, parent, ok := strings.Cut(name, "."); ok {
		if list := n.wildcard[parent]; len(list) > 0 {
			return pick(list, hello)
		}
	}
	return n.first
}

// pick chooses among certificates of one name, which differ by the kind of key.
func pick(list []*tls.Certificate, hello *tls.ClientHelloInfo) *tls.Certificate {
	if len(list) > 1 {
		for _, cert := range list {
			if hello.SupportsCertificate(cert) == nil {
				return cert
			}
		}
	}
	return list[0]
}

// fold gives a name the form in which it is looked up.
func fold(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }
