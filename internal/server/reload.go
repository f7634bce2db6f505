package server

import (
	"strings"

	"throng/internal/certs"
	"throng/internal/config"
)

// Reload takes over what of a new configuration can change while the server runs:
// the API's keys, those of tokens, and what else [auth] says. Files are read again,
// certificates too. The log says what changed, and what needs a restart. After an
// error nothing of keys has changed.
func (s *Server) Reload(c *config.Config) error {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	keys, err := keysOf(c, s.cfg.Dev)
	if err != nil {
		return err
	}
	if err := s.tokens.Reload(AuthOptions(c)); err != nil {
		return err
	}
	s.api.SetKeys(keys)
	if files, ok := s.certs.(*certs.Files); ok {
		files.Look()
	}
	before := s.reloaded
	if before == nil {
		before = s.cfg
	}
	s.door.Store(&c.Auth)
	s.reloaded = c
	var changed, restart []string
	for _, key := range config.Diff(before, c) {
		if live(key) {
			changed = append(changed, key)
		}
	}
	for _, key := range config.Diff(s.cfg, c) {
		if !live(key) {
			restart = append(restart, key)
		}
	}
	s.log.Info("configuration reloaded", "changed", changed)
	if len(restart) > 0 {
		s.log.Warn("settings that changed and need a restart", "settings", restart)
	}
	return nil
}

// live reports whether a setting can change while the server runs.
func live(key string) bool {
	return strings.HasPrefix(key, "auth.") && key != "auth.revocations_file" || key == "api.key" || key == "api_key"
}
