package api

import "throng"

// Tokens takes tokens back.
type Tokens interface {
	// Enabled reports whether the server checks tokens now.
	Enabled() bool
	// Revoke makes tokens invalid, so that nobody connects with them any more. The
	// error has a *throng.Error in its chain; after ErrInternal they are invalid until
	// the next restart only.
	Revoke(r Revocation) error
	// Revoked reports whether the token of a client was taken back.
	Revoked(id *throng.Identity) bool
}

// Revocation says which tokens are taken back: the one with an id, a user's, or,
// without both, everybody's.
type Revocation struct {
	TokenID string
	User    string
	// IssuedBefore, in Clock milliseconds, is which of a user's or of everybody's.
	IssuedBefore int64
	// Until is when the last of them has expired by itself, in Clock milliseconds;
	// 0 if that is not known.
	Until int64
}

const revokeDoc = "Takes tokens back, so that nobody connects with them any more, and ends the connections that were made with them (3500 invalid token)."

type revokeRequest struct {
	TokenID      string `json:"jti,omitempty" doc:"The token with this id."`
	UID          string `json:"uid,omitempty" doc:"As jti, which is how Centrifugo calls it."`
	User         string `json:"user,omitempty" doc:"All tokens of this user that were issued before issued_before."`
	IssuedBefore int64  `json:"issued_before,omitempty" doc:"All tokens that were issued before, in seconds since 1970; with user, 0 is now."`
	ExpireAt     int64  `json:"expire_at,omitempty" doc:"When the last of them has expired by itself, in seconds since 1970: until then the server remembers. 0 if that is not known."`
}

func (c *call) revoke(q *revokeRequest) (*reachedResult, *throng.Error) {
	r := Revocation{TokenID: q.TokenID, User: q.User, IssuedBefore: q.IssuedBefore * 1000}
	if r.TokenID == "" {
		r.TokenID = q.UID
	}
	now := c.opts.Clock.Now()
	switch {
	case c.opts.Tokens == nil || !c.opts.Tokens.Enabled():
		return nil, coded(throng.ErrNotAvailable, "the server checks no tokens: [auth] has no keys")
	case q.IssuedBefore < 0 || q.IssuedBefore > maxExpiry:
		return nil, bad("issued_before: seconds since 1970 are needed")
	case r.TokenID != "" && (r.User != "" || q.IssuedBefore != 0):
		return nil, bad("jti: it names one token, so it comes alone")
	case r.TokenID == "" && r.User == "" && r.IssuedBefore == 0:
		return nil, bad("jti: say which tokens by jti, user or issued_before")
	case r.TokenID == "" && r.IssuedBefore == 0:
		r.IssuedBefore = now
	}
	var err *throng.Error
	if r.Until, err = c.expiry(q.ExpireAt); err != nil {
		return nil, err
	}
	failure := c.opts.Tokens.Revoke(r)
	if e := c.coded(failure, "revoke_token", ""); e != nil && e != throng.ErrInternal {
		return nil, &throng.Error{Code: e.Code, Message: failure.Error()}
	}
	reached, err := c.reached("revoke_token", "", func(w waiting) (int, error) {
		return c.opts.Clients.DisconnectAll(w, c.opts.Tokens.Revoked, throng.DisconnectInvalidToken)
	})
	if failure != nil { // those who are connected were disconnected all the same
		return nil, &throng.Error{Code: throng.ErrInternal.Code, Message: failure.Error()}
	}
	return reached, err
}
