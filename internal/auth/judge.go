package auth

import (
	"slices"
	"time"

	"throng"
)

// judge holds the claims against the clock and against what is expected.
func (r *rules) judge(c *claims, now int64) *Refusal {
	switch {
	case c.expires != 0 && now >= c.expires+r.leeway:
		return refuse(throng.ErrTokenExpired, "the token expired "+ago(now-c.expires))
	case c.notBefore > now+r.leeway:
		return bad("the token is not valid before %s (nbf)", in(c.notBefore-now))
	case c.issued > now+r.leeway:
		return bad("the token was issued %s (iat): do the clocks agree?", in(c.issued-now))
	case r.issuer != "" && c.issuer != r.issuer:
		return bad("iss is not the issuer that is expected")
	case len(r.audience) > 0 && !slices.ContainsFunc(c.audience, func(a string) bool { return slices.Contains(r.audience, a) }):
		return bad("aud names nobody that is expected")
	}
	return nil
}

func ago(ms int64) string { return lasting(ms) + " ago" }
func in(ms int64) string  { return "in " + lasting(ms) }

func lasting(ms int64) string {
	d := time.Duration(ms) * time.Millisecond
	if d >= 10*time.Second {
		d = d.Round(time.Second)
	}
	return d.String()
}
