package auth

import (
	"slices"
)

// rules are what is in force: Options as they were read. They never change; Reload
// replaces them.
type rules struct {
	keys     []key // secrets first
	set      *keySet
	audience []string
	issuer   string
	leeway   int64 // milliseconds
	most     int   // bytes of a token
	// public says that there may be keys of which signatures are costly to check.
	public bool
}

// newRules reads what the options name. before is what was in force, for its key
// set; nil at first.
func newRules(o *Options, before *rules) (*rules, *Error) {
	r := &rules{audience: slices.Clone(o.Audience), issuer: o.Issuer, leeway: o.Leeway.Milliseconds(), most: o.MaxTokenBytes}
	for _, s := range []struct{ where, value, path string }{
		{"auth.hmac_secret", o.Secret, o.SecretFile}, {"auth.hmac_previous_secret", o.Previous, o.PreviousFile},
	} {
		value, err := readSecret(s.where, s.value, s.path)
		if err != nil {
			return nil, err
		}
		if value != nil {
			r.keys = append(r.keys, key{material: value})
		}
	}
	for _, path := range o.PublicKeyFiles {
		keys, err := readPublicKeys(path)
		if err != nil {
			return nil, err
		}
		r.keys = append(r.keys, keys...)
	}
	if err := tooManyKeys(r.keys); err != nil {
		return nil, err
	}
	r.public = len(o.PublicKeyFiles) > 0 || o.KeySetURL != ""
	if o.KeySetURL == "" {
		return r, nil
	}
	if before != nil && before.set.same(o) {
		r.set = before.set
		return r, nil
	}
	var err *Error
	if r.set, err = newKeySet(o); err == nil && before != nil && before.set != nil && before.set.url == o.KeySetURL {
		r.set.now.Store(before.set.now.Load())
	}
	return r, err
}

// tooManyKeys refuses keys that would never be tried: those of files have no names.
func tooManyKeys(keys []key) *Error {
	of := make(map[string]int)
	for i := range keys {
		kind, wrong := checked(keys[i].material)
		if wrong != "" {
			continue // a secret
		}
		if of[kind]++; of[kind] > maxTried {
			return fail("auth.public_key_files", "leave out old ones, or publish them as a key set (auth.jwks_url), where keys have names",
				"there are more than %d keys of the kind %s", maxTried, kind)
		}
	}
	return nil
}

// enabled reports whether there is any key.
func (r *rules) enabled() bool { return len(r.keys) > 0 || r.set != nil }

// maxTried bounds how many keys of one place are tried on one token: a token without
// a kid may be anybody's.
const maxTried = 8

// authentic checks the signature of a token.
func (r *rules) authentic(t *token) *Refusal {
	fetched, ok := verify(r.set.keys(), t)
	if ok {
		return nil
	}
	own, ok := verify(r.keys, t)
	if ok {
		return nil
	}
	if r.set != nil && !secret(t.method) && r.set.lacks(t.keyID) {
		if no := r.set.want(); no != nil {
			return no
		}
	}
	if fetched+own == 0 {
		return bad("no key for %s fits the token", t.method.Alg())
	}
	return bad("the signature (%s) is wrong", t.method.Alg())
}

// verify tries the keys that fit, and says how many did.
func verify(keys []key, t *token) (tried int, ok bool) {
	for i := range keys {
		if !keys[i].fits(t) {
			continue
		}
		if t.method.Verify(t.signed, t.signature, keys[i].material) == nil {
			return tried, true
		}
		if tried++; tried == maxTried {
			break
		}
	}
	return tried, false
}
