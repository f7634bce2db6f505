package auth

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"throng"
)

// Revocation takes tokens back before they expire: one by its id, all of a user's
// that were issued before a time, or everybody's that were issued before a time.
type Revocation struct {
	// TokenID is the jti of one token. It goes alone.
	TokenID string `json:"jti,omitempty"`
	// User is whose tokens are taken back.
	User string `json:"user,omitempty"`
	// Before is the time, in Clock milliseconds: tokens that say by iat that they were
	// issued then or later stay good. A token that does not say when it was issued is
	// older than any time. 0 with a User is now. iat usually counts whole seconds, so
	// a token made in the second of its user's revocation is taken back too.
	Before int64 `json:"before,omitempty"`
	// Until is how long the revocation is kept, in Clock milliseconds: until the
	// tokens that it means have expired by themselves. 0 is 30 days from now.
	Until int64 `json:"until,omitempty"`
}

// keepRevocations is how long a revocation is kept that does not say.
const keepRevocations = 30 * 24 * 60 * 60 * 1000 // milliseconds

// check completes a revocation, and says what is wrong with it: an error in whose
// chain is a throng.Error.
func (r *Revocation) check(now int64) error {
	if r.TokenID == "" && r.User != "" && r.Before == 0 {
		r.Before = now
	}
	if r.Until == 0 {
		r.Until = now + keepRevocations
	}
	switch name := r.TokenID + r.User; {
	case r.TokenID != "" && (r.User != "" || r.Before != 0):
		return fmt.Errorf("%w: a jti names one token; a user or a time goes without it", throng.ErrBadRequest)
	case name == "" && r.Before == 0:
		return fmt.Errorf("%w: a revocation names a jti, a user or a time", throng.ErrBadRequest)
	case len(name) > maxID || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Errorf("%w: no token has such a jti or user", throng.ErrBadRequest)
	case r.Before < 0 || r.Before > maxSeconds*1000 || r.Until < 0 || r.Until > maxSeconds*1000:
		return fmt.Errorf("%w: a time is out of range; it counts milliseconds since 1970", throng.ErrBadRequest)
	case r.Until <= now:
		return fmt.Errorf("%w: it would be forgotten at once: until is over", throng.ErrBadRequest)
	}
	return nil
}

func errFull(most int64) error {
	return fmt.Errorf("%w: %d revocations are kept already; revoke by time, or wait until some are over", throng.ErrLimitExceeded, most)
}

// asInternal is what a client is told of a failed write.
func asInternal(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: the revocation is in force until the next restart, but could not be written down: %w", throng.ErrInternal, err)
}
