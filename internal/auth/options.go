package auth

import (
	"log/slog"
	"time"

	"throng"
)

// Options say which tokens are accepted. All files are read by New and Reload.
type Options struct {
	// Secret is shared with who makes the tokens, for HS256, HS384 and HS512; at
	// least MinSecretBytes. Previous is an older one that is accepted as well.
	// Either may be in a file instead, of which a last line break does not count.
	Secret, SecretFile     string
	Previous, PreviousFile string
	// PublicKeyFiles are PEM files with public keys or certificates.
	PublicKeyFiles []string
	// KeySetURL is where a JSON Web Key Set is fetched from, KeySetRefresh how often.
	KeySetURL     string
	KeySetRefresh time.Duration
	// Audience are the names of this service, of which a token must name one; Issuer
	// is who must have issued it. Empty for any.
	Audience []string
	Issuer   string
	// Leeway is by how much the clock of the issuer may differ.
	Leeway time.Duration
	// MaxTokenBytes is the longest token; 16 KiB if 0.
	MaxTokenBytes int

	// RevocationsFile keeps revocations over a restart; empty for none. With Inspect
	// it is only read.
	RevocationsFile string
	Inspect         bool
	// MaxRevocations is how many are kept at once; 100,000 if 0.
	MaxRevocations int

	Clock *throng.Clock
	Log   *slog.Logger // nothing is logged if nil

	// Retry is how long an unknown key waits for the next fetch of the set, at
	// least; 10 s if 0.
	Retry time.Duration
}

func (o *Options) defaults() {
	if o.Clock == nil {
		o.Clock = throng.NewClock()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.MaxTokenBytes <= 0 {
		o.MaxTokenBytes = 16 << 10
	}
	if o.MaxRevocations <= 0 {
		o.MaxRevocations = 100_000
	}
	if o.KeySetRefresh <= 0 {
		o.KeySetRefresh = 10 * time.Minute
	}
	if o.Retry <= 0 {
		o.Retry = 10 * time.Second
	}
}

// Keys reports whether the options name any key.
func (o *Options) Keys() bool {
	return o.Secret != "" || o.SecretFile != "" || len(o.PublicKeyFiles) > 0 || o.KeySetURL != ""
}
