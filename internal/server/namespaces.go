package server

import (
	"throng"
	"throng/internal/node"
)

// namespaces returns the look-up of what is configured. Each namespace is made
// once: sessions keep pointers to them.
func (s *Server) namespaces() node.Namespaces {
	if s.opts.Namespaces != nil {
		return s.opts.Namespaces
	}
	known := make(map[string]*throng.Namespace)
	for _, c := range s.cfg.Namespaces {
		if ns, ok := s.cfg.Namespace(c.Name); ok {
			known[c.Name] = &ns
		}
	}
	known[throng.UserNamespace] = &throng.Namespace{ // users' own channels: the server's business
		Name:      throng.UserNamespace,
		Retention: throng.Retention{Size: s.cfg.Users.HistorySize, TTL: s.cfg.Users.HistoryTTL, Bytes: int64(s.cfg.Users.HistoryBytes)},
	}
	if s.opts.Demo { // the figures are the server's to publish
		known[demoNamespace] = &throng.Namespace{Name: demoNamespace, Subscribe: throng.Anybody}
		if known[streamNamespace] == nil {
			known[streamNamespace] = stream()
		}
	}
	// In development every name is a namespace; all that are not configured are
	// the same one.
	var other *throng.Namespace
	if ns, ok := s.cfg.Namespace(""); ok {
		other = &ns
	}
	return func(name string) *throng.Namespace {
		if ns, ok := known[name]; ok {
			return ns
		}
		return other
	}
}
