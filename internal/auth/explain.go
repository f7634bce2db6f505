package auth

import (
	"encoding/json"
	"strings"
	"time"
)

// Explanation is what a token says, whether or not it is to be believed.
type Explanation struct {
	// Header and Payload are JSON; nil where the token has none that can be read.
	Header, Payload json.RawMessage
	// Subscription says that it names a channel.
	Subscription bool
	// Issued, NotBefore and Expires are zero where the token does not say.
	Issued, NotBefore, Expires time.Time
	// Refusal is why the token is not accepted; nil if it is.
	Refusal *Refusal
}

// Explain takes a token apart for a person. It may be of either kind.
func (v *Verifier) Explain(s string) Explanation {
	var e Explanation
	parts := strings.Split(s, ".")
	e.Header = object(parts[0])
	if len(parts) == 3 {
		e.Payload = object(parts[1])
	}
	if c, no := parseClaims(e.Payload); no == nil {
		e.Subscription = c.subscription
		e.Issued, e.NotBefore, e.Expires = moment(c.issued), moment(c.notBefore), moment(c.expires)
	}
	_, e.Refusal = v.judge(s)
	return e
}

// object decodes a JSON object; nil if it is none.
func object(part string) json.RawMessage {
	b, ok := decode(part)
	if _, wrong := members(b, none); !ok || wrong != "" {
		return nil
	}
	return b
}

func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}
