package gateway

import (
	"net/url"
	"strings"
)

// Origins are the origins whose pages may connect: "*" for all, exact ones such
// as "https://example.com", and "//*.example.com" for all hosts below a domain
// with any scheme. With none, only pages from the host that is asked may.
type Origins []string

// Allow judges an Origin header (RFC 6454); nil when the client sent none, which
// browsers never do, so it passes.
func (o Origins) Allow(origin, host []byte) bool {
	if origin == nil {
		return true
	}
	s := strings.ToLower(string(origin))
	for _, allowed := range o {
		if allowed == "*" || allowed == s {
			return true
		}
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return false // "null" among them
	}
	if len(o) == 0 {
		return u.Host == strings.ToLower(string(host))
	}
	for _, allowed := range o {
		if domain, ok := strings.CutPrefix(allowed, "//*."); ok && below(u.Host, domain) {
			return true
		}
	}
	return false
}

// below reports whether host is a proper subdomain of domain.
func below(host, domain string) bool {
	rest, ok := strings.CutSuffix(host, "."+domain)
	return ok && rest != "" && !strings.ContainsAny(rest, "@/\\")
}
