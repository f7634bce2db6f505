package server

import (
	"sync"

	"throng"
	"throng/internal/node"
)

// namespaces returns a look-up that makes each namespace once: sessions keep
// pointers to them.
func (s *Server) namespaces() node.Namespaces {
	var made sync.Map // name → *throng.Namespace
	return func(name string) *throng.Namespace {
		if ns, ok := made.Load(name); ok {
			return ns.(*throng.Namespace)
		}
		ns, ok := s.cfg.Namespace(name)
		if !ok {
			return nil
		}
		if !s.declared(name) { // in development any name is one; don't collect them
			ns.Name = ""
			name = ""
		}
		kept, _ := made.LoadOrStore(name, &ns)
		return kept.(*throng.Namespace)
	}
}

func (s *Server) declared(name string) bool {
	for i := range s.cfg.Namespaces {
		if s.cfg.Namespaces[i].Name == name {
			return true
		}
	}
	return name == throng.DefaultNamespace
}
