package config

import "net/url"

// minSecret is the shortest secret of HS256, in bytes (RFC 7518 section 3.2).
const minSecret = 32

// checkSecret never repeats what it is given.
func checkSecret(s string) *Error {
	switch {
	case s == "":
		return nil
	case s == redacted:
		return fail("put the secret there; `throng config print` leaves it out", "this is not a secret")
	case len(s) < minSecret:
		return fail("make one: openssl rand -base64 48", "the secret has %d bytes, and must have %d at least", len(s), minSecret)
	}
	return nil
}

// checkKeySet accepts http too: an issuer may be a neighbour in a private network.
func checkKeySet(s string) *Error {
	if s == "" {
		return nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return fail("write https://host/.well-known/jwks.json", "it is not an https URL") // which may have a password in it
	}
	if u.User != nil {
		return fail("keys that are public need no password", "it has a user or password in it")
	}
	return nil
}

// Keys reports whether tokens can be checked: there is a secret, a key or a set.
func (a *Auth) Keys() bool {
	return a.HMACSecret != "" || a.HMACSecretFile != "" || len(a.PublicKeyFiles) > 0 || a.JWKSURL != ""
}

// validate checks what the settings of tokens say together.
func (a *Auth) validate() (errs Errors) {
	both := func(name, value, file string) {
		if value != "" && file != "" {
			errs = append(errs, fail("choose one", "auth: both %s and %s_file are set", name, name))
		}
	}
	both("hmac_secret", a.HMACSecret, a.HMACSecretFile)
	both("hmac_previous_secret", a.PreviousSecret, a.PreviousSecretFile)
	if (a.PreviousSecret != "" || a.PreviousSecretFile != "") && a.HMACSecret == "" && a.HMACSecretFile == "" {
		errs = append(errs, fail("the newer one goes into auth.hmac_secret", "auth.hmac_previous_secret: there is no auth.hmac_secret"))
	}
	if a.Anonymous && a.LateToken > 0 {
		errs = append(errs, fail("anonymous clients may stay without a token; leave one of the two out",
			"auth.late_token: auth.anonymous lets clients without a token in for good"))
	}
	if !a.Keys() {
		errs = append(errs, a.keyless()...)
	}
	return errs
}

// keyless refuses what has no meaning without keys, and was meant to protect
// something.
func (a *Auth) keyless() (errs Errors) {
	for _, s := range []struct {
		name string
		set  bool
	}{
		{"audience", len(a.Audience) > 0}, {"issuer", a.Issuer != ""}, {"late_token", a.LateToken > 0}, {"revocations_file", a.RevocationsFile != ""},
	} {
		if s.set {
			errs = append(errs, fail("set auth.hmac_secret_file, auth.public_key_files or auth.jwks_url",
				"auth.%s: there is no key to check tokens with", s.name))
		}
	}
	return errs
}
