package auth

import (
	"encoding/base64"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// token is one in its compact form (RFC 7515 section 7.1), taken apart and not yet
// believed.
type token struct {
	signed    string // header and payload, as they were signed
	payload   string // in base64
	signature []byte
	method    jwt.SigningMethod
	keyID     string // what its header calls the key; empty if it does not
}

// maxID is the longest id of a key, token or user, in bytes.
const maxID = 255

// parseToken takes a token apart. Of what may be hostile nothing is decoded but the
// header.
func parseToken(s string, most int) (t token, no *Refusal) {
	switch {
	case s == "":
		return t, bad("there is no token")
	case len(s) > most:
		return t, bad("the token has %d bytes, the most is %d", len(s), most)
	}
	first, last := strings.IndexByte(s, '.'), strings.LastIndexByte(s, '.')
	if first < 0 || first == last || strings.IndexByte(s[first+1:last], '.') >= 0 {
		if strings.Count(s, ".") == 4 {
			return t, bad("the token is encrypted (JWE); only signed ones are accepted")
		}
		return t, bad("it is not a token: that has three parts with dots between them")
	}
	t.signed, t.payload = s[:last], s[first+1:last]
	header, ok := decode(s[:first])
	if !ok {
		return t, bad("the header is not base64url")
	}
	if t.signature, ok = decode(s[last+1:]); !ok {
		return t, bad("the signature is not base64url")
	}
	return t, t.readHeader(header)
}

// decode reads base64url without padding, in which the library allows line breaks.
func decode(s string) ([]byte, bool) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return b, err == nil
}

// ofHeader wants what counts of a header.
func ofHeader(name []byte) (string, bool) {
	switch string(name) {
	case "alg":
		return "alg", true
	case "kid":
		return "kid", true
	case "crit":
		return "crit", true
	}
	return "", false
}

// readHeader reads what says how the token was signed. What names a key elsewhere is
// passed over; what must be understood is not (RFC 7515 section 4.1.11).
func (t *token) readHeader(header []byte) *Refusal {
	var name string
	given, no := members(header, ofHeader)
	if no != "" {
		return bad("the header %s", no)
	}
	for _, m := range given {
		var ok bool
		switch m.name {
		case "alg":
			if name, ok = text(m.value); !ok {
				return bad("alg is not a string")
			}
		case "kid":
			if t.keyID, ok = text(m.value); !ok || len(t.keyID) > maxID {
				return bad("kid is not a string of at most %d bytes", maxID)
			}
		case "crit":
			return bad("the header has crit, of which nothing is understood")
		}
	}
	if t.method = algorithm(name); t.method == nil {
		if name == "" || strings.EqualFold(name, "none") {
			return bad("the token is not signed")
		}
		return bad("its algorithm is none of HS, RS, PS, ES with 256, 384 or 512, and EdDSA")
	}
	return nil
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
