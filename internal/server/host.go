package server

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// known has the internal listener refuse hosts that it does not know, in development.
// There the key of the API is known to everybody, and a web page can have its own
// name resolve to this machine: the browser then takes us for the page's own server.
// It can't do so with an address, nor with localhost. Elsewhere a page has no key, and
// backends and scrapers may come by any name.
func (s *Server) known(next http.Handler) http.Handler {
	if !s.cfg.Dev || s.private.Addr().Network() == "unix" { // where no page gets
		return next
	}
	own, _, _ := net.SplitHostPort(s.cfg.Internal)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !unforgeable(r.Host, own) {
			http.Error(w, "throng: in development this listener answers to localhost, to IP addresses and to the host in the setting internal, "+
				"because everybody knows the key dev; use one of these, or run without --dev", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// unforgeable reports whether no web page can be under this host but one of this
// machine, or of own. Browsers always name a host.
func unforgeable(host, own string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(host, ".")
	if host == "" || strings.EqualFold(host, "localhost") || strings.EqualFold(host, own) {
		return true
	}
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil
}
