package server

import (
	"net/http"

	"throng"
	"throng/internal/auth"
	"throng/internal/config"
	"throng/internal/gateway"
)

// AuthError is why New and Reload refuse what [auth] names.
type AuthError = auth.Error

// AuthOptions are what [auth] says of tokens.
func AuthOptions(c *config.Config) auth.Options {
	a := &c.Auth
	return auth.Options{
		Secret: a.HMACSecret, SecretFile: a.HMACSecretFile,
		Previous: a.PreviousSecret, PreviousFile: a.PreviousSecretFile,
		PublicKeyFiles: a.PublicKeyFiles,
		KeySetURL:      a.JWKSURL, KeySetRefresh: a.JWKSRefresh,
		Audience: a.Audience, Issuer: a.Issuer, Leeway: a.Leeway,
		MaxTokenBytes: int(a.MaxTokenBytes), RevocationsFile: a.RevocationsFile,
	}
}

// loadKeys makes the verifier of tokens. An error is an *AuthError.
func (s *Server) loadKeys() (err error) {
	o := AuthOptions(s.cfg)
	o.Clock, o.Log = s.clock, s.log
	s.tokens, err = auth.New(o)
	s.door.Store(&s.cfg.Auth)
	return err
}

// CheckKeys tries the keys that a configuration names. An error is an *AuthError.
func CheckKeys(c *config.Config) error {
	o := AuthOptions(c)
	o.Inspect = true
	v, err := auth.New(o)
	if err == nil {
		err = v.Close()
	}
	return err
}

// authenticate returns how clients are told apart: by tokens, where there are keys.
// Without keys nobody is known, but for the parameter user_id in development.
func (s *Server) authenticate() gateway.Authenticate {
	if s.opts.Authenticate != nil {
		return s.opts.Authenticate
	}
	return s.recognise
}

func (s *Server) recognise(c gateway.Credentials) (v gateway.Verdict, _ gateway.Pending) {
	switch {
	case !s.tokens.Enabled():
		if user := c.Params.Get("user_id"); s.cfg.Dev && user != "" {
			v.Identity = &throng.Identity{User: user}
		}
		return v, nil
	case c.Token == "":
		return s.tokenless(), nil
	}
	if s.tokens.Costly(c.Token) {
		return v, func(alive func() bool, done func(gateway.Verdict)) { s.checkAside(c.Token, alive, done) }
	}
	id, err := s.tokens.Connection(c.Token)
	if err == auth.ErrKeysPending {
		return v, func(alive func() bool, done func(gateway.Verdict)) { s.checkLater(c.Token, alive, done) }
	}
	return s.verdict(id, err), nil
}

// checkAside checks a token away from the loops.
func (s *Server) checkAside(token string, alive func() bool, done func(gateway.Verdict)) {
	s.aside(alive, done, func() {
		id, err := s.tokens.Connection(token)
		if err == auth.ErrKeysPending {
			s.checkLater(token, alive, done)
			return
		}
		done(s.verdict(id, err))
	})
}

// checkLater checks a token when the keys are there that are being fetched.
func (s *Server) checkLater(token string, alive func() bool, done func(gateway.Verdict)) {
	s.tokens.WhenFetched(func() {
		s.aside(alive, done, func() { done(s.verdict(s.tokens.Connection(token))) })
	})
}

// aside does a check in its turn, unless its client has gone by then: those that are
// there would wait for it. Where too many wait, the client shall come back.
func (s *Server) aside(alive func() bool, done func(gateway.Verdict), check func()) {
	busy := gateway.Verdict{Status: http.StatusServiceUnavailable}
	ok := s.tokens.Aside(func() {
		if !alive() {
			done(busy)
			return
		}
		check()
	})
	if !ok {
		done(busy)
	}
}

// verdict is that of a token. It may be taken back while its client is on the way to
// its loop: then who ends the sessions of the token does not find it yet.
func (s *Server) verdict(id *throng.Identity, err *throng.Error) gateway.Verdict {
	switch {
	case err == nil:
		return gateway.Verdict{Identity: id, Still: func() bool { return !s.tokens.Revoked(id) }}
	case err.Temporary:
		return gateway.Verdict{Status: 503}
	}
	return gateway.Verdict{Status: 403}
}

// tokenless is the verdict on a client that has sent no token.
func (s *Server) tokenless() gateway.Verdict {
	switch a := s.door.Load(); {
	case a.Anonymous:
		return gateway.Verdict{}
	case a.LateToken > 0:
		return gateway.Verdict{Until: s.clock.Now() + a.LateToken.Milliseconds()}
	}
	return gateway.Verdict{Status: 403}
}
