package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/MicahParks/jwkset"
)

// maxKeys bounds the keys of one set.
const maxKeys = 100

// parseKeySet reads a JSON Web Key Set (RFC 7517 section 5). Keys that can't be used
// here are passed over, as the RFC asks; skipped says why. A set of which none can
// be used is an error; an empty one is not: that issuer has withdrawn all its keys.
func parseKeySet(b []byte) (keys []key, skipped []string, err error) {
	var set struct {
		Keys *[]json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(b, &set); err != nil || set.Keys == nil {
		return nil, nil, errors.New("it is not a JSON Web Key Set")
	}
	if len(*set.Keys) > maxKeys {
		return nil, nil, fmt.Errorf("it has %d keys, the most is %d", len(*set.Keys), maxKeys)
	}
	for i, raw := range *set.Keys {
		k, wrong := parseKey(raw)
		if wrong != "" {
			skipped = append(skipped, fmt.Sprintf("key %d: %s", i+1, wrong))
			continue
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 && len(skipped) > 0 {
		return nil, skipped, errors.New("none of its keys can be used: " + skipped[0])
	}
	return keys, skipped, nil
}

// parseKey reads one key. Of its members only those count that say what it is and
// what it is for: no certificate is read and none is fetched.
func parseKey(raw []byte) (k key, wrong string) {
	var m jwkset.JWKMarshal
	if err := json.Unmarshal(raw, &m); err != nil {
		return k, "it is not a JSON Web Key"
	}
	switch {
	case m.KTY == jwkset.KtyOct:
		return k, "a secret has no business in a set that anybody may fetch"
	case m.USE != "" && m.USE != jwkset.UseSig:
		return k, "it is not for signatures"
	case len(m.KEYOPS) > 0 && !slices.Contains(m.KEYOPS, jwkset.KeyOpsVerify):
		return k, "it is not for checking signatures"
	case len(m.KID) > maxID:
		return k, "its kid is longer than 255 bytes"
	}
	bare := jwkset.JWKMarshal{KTY: m.KTY, KID: m.KID, CRV: m.CRV, X: m.X, Y: m.Y, N: m.N, E: m.E}
	j, err := jwkset.NewJWKFromMarshal(bare, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{SkipMetadata: true})
	if err != nil {
		return k, "it can't be read"
	}
	k = key{id: m.KID, material: j.Key()}
	if _, wrong := checked(k.material); wrong != "" {
		return k, wrong
	}
	if m.ALG == "" {
		return k, ""
	}
	if k.method = algorithm(string(m.ALG)); k.method == nil || !serves(k.material, k.method) {
		return k, "its alg is none that the key could serve"
	}
	return k, ""
}
