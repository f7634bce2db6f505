package gateway

import "strings"

// Origins are the origins whose pages may connect: "*" for all, exact ones such
// as "https://example.com", and "//*.example.com" for all hosts below a domain
// with any scheme, and any port unless it names one. With none, only pages from
// the host that is asked may.
type Origins []string

// Allow judges an Origin header (RFC 6454); nil when the client sent none, which
// browsers never do, so it passes.
func (o Origins) Allow(origin, host []byte) bool {
	if origin == nil {
		return true
	}
	s := strings.ToLower(string(origin))
	scheme, authority, ok := splitOrigin(s)
	if len(o) == 0 {
		return ok && sameHost(scheme, authority, strings.ToLower(string(host)))
	}
	for _, allowed := range o {
		if allowed == "*" || allowed == s {
			return true
		}
		if domain, wild := strings.CutPrefix(allowed, "//*."); wild && ok && below(authority, domain) {
			return true
		}
	}
	return false
}

// splitOrigin splits a serialised origin (RFC 6454 section 6.2), which has no
// user, path, query or fragment. "null", the origin of pages that have none, and
// lists of origins are no such thing.
func splitOrigin(s string) (scheme, authority string, ok bool) {
	scheme, authority, ok = strings.Cut(s, "://")
	return scheme, authority, ok && only(scheme, "+-.") && only(authority, "-._:[]")
}

// only reports whether s is not empty and has lower-case letters, digits and the
// characters of extra.
func only(s, extra string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && strings.IndexByte(extra, c) < 0 {
			return false
		}
	}
	return s != ""
}

// sameHost compares an origin with the Host header; a port that is the scheme's
// own may be left out of either.
func sameHost(scheme, authority, host string) bool {
	port := ""
	switch scheme {
	case "http":
		port = ":80"
	case "https":
		port = ":443"
	default:
		return false
	}
	return strings.TrimSuffix(authority, port) == strings.TrimSuffix(host, port)
}

// below reports whether a host is a proper subdomain of domain. The port counts
// if the domain has one.
func below(authority, domain string) bool {
	if !strings.Contains(domain, ":") {
		authority, _, _ = strings.Cut(authority, ":") // an IPv6 address is below nothing
	}
	rest, ok := strings.CutSuffix(authority, "."+domain)
	return ok && only(rest, "-._")
}
