package server

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"throng"
	"throng/internal/api"
	"throng/internal/auth"
	"throng/internal/census"
	"throng/internal/config"
)

// devKey is a key of the API in development.
const devKey = "dev"

// composeAPI makes the server API.
func (s *Server) composeAPI() error {
	all := census.New(s.engine, s.hub, s.users)
	o := api.Options{
		Node: s.node, Channels: all, Clients: all, Presence: members{s.presence}, Tokens: revoking{s.tokens}, Self: s.self(all), Clock: s.clock, Log: s.log,
		Records: s.records, Bonuses: bonusDesk{s.bonuses},
		MaxBody: int(s.cfg.API.MaxBody),
		// A client's queue takes it, and base64 and framing around it.
		MaxData: int(s.cfg.Engine.QueueBytes) / 2,
	}
	if s.visits != nil {
		o.Ledger = s.visits
	}
	if s.store != nil {
		o.Erase = s.erase
	}
	if s.states != nil {
		o.States = statesOfAPI{s.states}
	}
	s.api = api.New(o)
	keys, err := keysOf(s.cfg, s.cfg.Dev)
	if err == nil {
		s.api.SetKeys(keys)
	}
	return err
}

// revoking is how the API takes tokens back.
type revoking struct{ *auth.Verifier }

// Revoke implements api.Tokens.
func (v revoking) Revoke(r api.Revocation) error {
	return v.Verifier.Revoke(auth.Revocation{TokenID: r.TokenID, User: r.User, Before: r.IssuedBefore, Until: r.Until})
}

// CheckAPIKeys tries the key files that a configuration names.
func CheckAPIKeys(c *config.Config) error {
	_, err := keysOf(c, c.Dev)
	return err
}

// keysOf reads the API's keys, and adds that of development, which a restart only
// brings.
func keysOf(c *config.Config, dev bool) (*api.Keys, error) {
	var list []api.Key
	all := []string{api.Any}
	if dev {
		list = append(list, api.Key{Name: "of development", Sum: api.Sum(devKey), Methods: all, Namespaces: all})
	}
	if c.API.Key != "" {
		list = append(list, api.Key{Name: "api.key", Sum: api.Sum(c.API.Key), Methods: all, Namespaces: all})
	}
	for i := range c.APIKeys {
		k := &c.APIKeys[i]
		sum, err := sumOf(k)
		if err != nil {
			return nil, err
		}
		list = append(list, api.Key{Name: k.Name, Sum: sum, Methods: k.Methods, Namespaces: k.Namespaces})
	}
	return api.NewKeys(list...), nil
}

// sumOf returns the SHA-256 of a key, however it was given.
func sumOf(k *config.APIKey) (sum [32]byte, err error) {
	switch {
	case k.SHA256 != "":
		_, err = hex.Decode(sum[:], []byte(k.SHA256))
		return sum, err
	case k.Key != "":
		return api.Sum(k.Key), nil
	}
	b, err := os.ReadFile(k.KeyFile)
	if err != nil {
		return sum, fmt.Errorf("api_key %q: %w", k.Name, err)
	}
	key := strings.TrimSpace(string(b))
	if e := config.CheckKey(key); e != nil {
		return sum, config.Errors{{Msg: fmt.Sprintf("api_key %q: %s: %s", k.Name, k.KeyFile, e.Msg), Hint: e.Hint}}
	}
	return api.Sum(key), nil
}

// self describes this node.
func (s *Server) self(all *census.Census) func(context.Context) (api.NodeInfo, error) {
	uid := throng.NewClientID().String()
	return func(ctx context.Context) (n api.NodeInfo, err error) {
		n = api.NodeInfo{
			UID: uid, Name: nodeName(s.cfg), Version: s.opts.Version,
			NumChannels: s.hub.Channels(), Uptime: int(time.Since(s.started).Seconds()), Time: s.clock.Now(),
		}
		n.NumClients = s.clients()
		for i := range s.engine.Loops() {
			n.NumSubs += int(s.hub.Table(i).Stats().Members.Load())
		}
		if rss := residentBytes(); rss > 0 {
			n.Process = &api.ProcessInfo{RSS: rss}
		}
		n.NumUsers, err = all.Users(ctx)
		return n, err
	}
}

// withAPI puts the API before the pages, if it is public.
func (s *Server) withAPI(pages http.Handler) http.Handler {
	if !s.cfg.API.Public {
		return pages
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api" || strings.HasPrefix(r.URL.Path, "/api/") {
			s.api.ServeHTTP(w, r)
			return
		}
		pages.ServeHTTP(w, r)
	})
}

// API returns the server API, for what runs inside the process.
func (s *Server) API() *api.API { return s.api }
