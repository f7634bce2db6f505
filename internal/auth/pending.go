package auth

import "throng"

// Pending answers are temporary: nothing is known yet against the token. Compare
// with ErrKeysPending by ==.
var (
	// ErrKeysPending: the key is being fetched; see Verifier.WhenFetched.
	ErrKeysPending = &throng.Error{Code: 100, Message: "token keys are being fetched, try again", Temporary: true}
	// ErrKeysUnavailable: the key is not known, and the key set can't be fetched.
	ErrKeysUnavailable = &throng.Error{Code: 100, Message: "token keys can't be fetched, try again", Temporary: true}
)
