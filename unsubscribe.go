package throng

// Unsubscribe says why the server ended a subscription. After a code from 2500 on
// the client is expected to subscribe again (Centrifuge client protocol).
type Unsubscribe struct {
	Code   uint32 `json:"code"`
	Reason string `json:"reason"`
}

// Again reports whether the client is asked to subscribe again.
func (u *Unsubscribe) Again() bool { return u.Code >= 2500 }

// The server's own reasons.
var (
	UnsubscribeServer       = &Unsubscribe{2000, "server unsubscribe"}
	UnsubscribeInsufficient = &Unsubscribe{2500, "insufficient state"}
	UnsubscribeExpired      = &Unsubscribe{2501, "subscription expired"}
)
