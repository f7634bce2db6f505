package server

import (
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
		return v, func(done func(gateway.Verdict)) {
			s.tokens.Aside(func() { s.checked(c.Token, done) })
		}
	}
	id, err := s.tokens.Connection(c.Token)
	if err == auth.ErrKeysPending {
		return v, func(done func(gateway.Verdict)) { s.checkLater(c.Token, done) }
	}
	return verdict(id, err), nil
}

// checked checks a token away from the loops.
func (s *Server) checked(token string, done func(gateway.Verdict)) {
	id, err := s.tokens.Connection(token)
	if err == auth.ErrKeysPending {
		s.checkLater(token, done)
		return
	}
	done(verdict(id, err))
}

// checkLater checks a token when the keys are there that are being fetched.
func (s *Server) checkLater(token string, done func(gateway.Verdict)) {
	s.tokens.WhenFetched(func() {
		s.tokens.Aside(func() { done(verdict(s.tokens.Connection(token))) })
	})
}

// verdict is that of a token.
func verdict(id *throng.Identity, err *throng.Error) gateway.Verdict {
	switch {
	case err == nil:
		return gateway.Verdict{Identity: id}
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
