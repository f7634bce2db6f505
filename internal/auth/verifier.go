package auth

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"

	"throng"
)

// Verifier judges tokens.
type Verifier struct {
	clock *throng.Clock
	log   *slog.Logger
	rules atomic.Pointer[rules]
	// replaced wakes Run when there is another key set.
	replaced chan struct{}
	revoked  *revoked
	aside    aside

	mu      sync.Mutex // held while rules or revocations change
	journal *journal   // nil without a file

	stats Stats
}

// Stats are what became of tokens; anyone may read them.
type Stats struct {
	Accepted, Expired, Revoked, Refused, Pending atomic.Uint64
}

// New makes a verifier from what the options name. An error is an *Error. Run keeps
// a key set fresh; Close gives the revocations' file back.
func New(o Options) (*Verifier, error) {
	o.defaults()
	v := &Verifier{clock: o.Clock, log: o.Log, replaced: make(chan struct{}, 1), revoked: newRevoked(o.MaxRevocations)}
	r, err := newRules(&o, nil)
	if err == nil && o.RevocationsFile != "" {
		err = v.openRevocations(&o)
	}
	if err != nil {
		return nil, err
	}
	v.rules.Store(r)
	return v, nil
}

// openRevocations reads the journal, and writes it anew without what is over.
func (v *Verifier) openRevocations(o *Options) *Error {
	now, full := v.clock.Now(), false
	whole, size, err := readJournal(o.RevocationsFile, func(r Revocation) {
		if r.Until > now {
			room, _ := v.revoked.add(r, now)
			full = !room || full
		}
	})
	switch {
	case err != nil:
		return err
	case full:
		return fail(o.RevocationsFile, "an early revocation of everybody (by time alone) replaces very many",
			"it has more than %d revocations that are in force", o.MaxRevocations)
	case whole < size:
		v.log.Warn("the last line of the revocations was not written whole; it is left out", "path", o.RevocationsFile, "bytes", size-whole)
	}
	if o.Inspect {
		return nil
	}
	v.journal, err = openJournal(o.RevocationsFile, v.revoked.list(now))
	return err
}

// Close gives files back. Tokens are judged as before; Revoke fails.
func (v *Verifier) Close() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.journal.close()
}

// Enabled reports whether there is any key. Without one nobody has a token, and all
// are refused with throng.ErrNotAvailable.
func (v *Verifier) Enabled() bool { return v.rules.Load().enabled() }

// Stats returns the counters.
func (v *Verifier) Stats() *Stats { return &v.stats }

// Fetches returns how often a key set was fetched and how often that failed, and how
// many keys it has now.
func (v *Verifier) Fetches() (done, failed uint64, keys int) {
	s := v.rules.Load().set
	if s == nil {
		return 0, 0, 0
	}
	return s.fetched.Load(), s.failures.Load(), len(s.keys())
}

// Reload reads all that the options name again, and accepts tokens by it from now
// on. A key set of the same URL stays in force. After an error, an *Error, everything
// is as before. The clock, the log and the revocations are those of New.
func (v *Verifier) Reload(o Options) error {
	o.Clock, o.Log = v.clock, v.log
	o.defaults()
	v.mu.Lock()
	defer v.mu.Unlock()
	before := v.rules.Load()
	r, err := newRules(&o, before)
	if err != nil {
		return err
	}
	v.rules.Store(r)
	if r.set != before.set {
		select {
		case v.replaced <- struct{}{}:
		default:
		}
	}
	return nil
}

// Run keeps the key set fresh until ctx ends. After that who waits for keys is told
// that there are none.
func (v *Verifier) Run(ctx context.Context) {
	for {
		set := v.rules.Load().set
		inner, cancel := context.WithCancel(ctx)
		over := make(chan struct{})
		go func() {
			defer close(over)
			if set != nil {
				set.run(inner)
			}
		}()
		for ctx.Err() == nil && v.rules.Load().set == set {
			select {
			case <-ctx.Done():
			case <-v.replaced:
			}
		}
		cancel()
		<-over
		if ctx.Err() != nil {
			return
		}
	}
}

// Fetch fetches the key set now, for who does not Run.
func (v *Verifier) Fetch(ctx context.Context) {
	if s := v.rules.Load().set; s != nil {
		s.update(ctx)
	}
}

// WhenFetched calls f once, from anywhere, when the key set that is being fetched
// has come or failed; at once if none is being fetched. f must not block.
func (v *Verifier) WhenFetched(f func()) {
	if s := v.rules.Load().set; s != nil {
		s.whenFetched(f)
		return
	}
	f()
}

// Connection returns for whom a connection token stands. The error may be
// ErrKeysPending.
func (v *Verifier) Connection(token string) (*throng.Identity, *throng.Error) {
	c, no := v.judge(token)
	if no == nil && c.subscription {
		no = bad("it is a subscription token: it names a channel")
	}
	if no = v.count("connection", no); no != nil {
		return nil, no.Err
	}
	return &throng.Identity{
		User: c.user, Info: c.info, Meta: c.meta, TokenID: c.id,
		Issued: c.issued, Expires: v.end(&c), Channels: c.grants,
	}, nil
}

// Subscription returns what a subscription token grants to a user (empty: anonymous)
// in a channel. The error may be ErrKeysPending.
func (v *Verifier) Subscription(token, user, channel string) (*throng.Grant, *throng.Error) {
	c, no := v.judge(token)
	switch {
	case no != nil:
	case !c.subscription:
		no = bad("it is no subscription token: it names no channel")
	case c.user != user:
		no = refuse(throng.ErrPermissionDenied, "it is another user's subscription token")
	case c.channel != channel:
		no = refuse(throng.ErrPermissionDenied, "it is the token of another channel")
	}
	if no = v.count("subscription", no); no != nil {
		return nil, no.Err
	}
	return &throng.Grant{Channel: channel, Info: c.info, Publish: c.publish, Expires: v.end(&c)}, nil
}

// end is when a token's validity ends, in Clock milliseconds; 0 for never.
func (v *Verifier) end(c *claims) int64 {
	if c.expires == 0 {
		return 0
	}
	return c.expires + v.rules.Load().leeway
}

// judge returns what a token says, if it is to be believed.
func (v *Verifier) judge(s string) (c claims, no *Refusal) {
	r := v.rules.Load()
	if !r.enabled() {
		return c, refuse(throng.ErrNotAvailable, "there are no keys to check tokens with")
	}
	t, no := parseToken(s, r.most)
	if no == nil {
		no = r.authentic(&t)
	}
	if no != nil {
		return c, no
	}
	payload, ok := decode(t.payload)
	if !ok {
		return c, bad("the payload is not base64url")
	}
	if c, no = parseClaims(payload); no != nil {
		return c, no
	}
	now := v.clock.Now()
	if no = r.judge(&c, now); no == nil && v.revoked.has(c.id, c.user, c.issued, now) {
		no = refuse(throng.ErrUnauthorized, revokedReason)
	}
	return c, no
}

const revokedReason = "the token was revoked"

// count counts what becomes of a token, and logs why it is refused.
func (v *Verifier) count(kind string, no *Refusal) *Refusal {
	switch {
	case no == nil:
		v.stats.Accepted.Add(1)
		return nil
	case no.Err == ErrKeysPending || no.Err == ErrKeysUnavailable:
		v.stats.Pending.Add(1)
	case no.Err == throng.ErrTokenExpired:
		v.stats.Expired.Add(1)
	case no.Reason == revokedReason:
		v.stats.Revoked.Add(1)
	default:
		v.stats.Refused.Add(1)
	}
	v.log.Debug("token not accepted", "kind", kind, "reason", no.Reason)
	return no
}

// Revoke takes tokens back, from now on and, with a file, after a restart too. It
// waits for the disk. Connections that are there go on: end those of which Revoked
// is true. In an error's chain is a throng.Error: ErrBadRequest, ErrLimitExceeded
// when too many are kept, ErrInternal when the revocation is in force but could not
// be written down.
func (v *Verifier) Revoke(r Revocation) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.clock.Now()
	if err := r.check(now); err != nil {
		return err
	}
	room, fresh := v.revoked.add(r, now)
	switch {
	case !room:
		return errFull(v.revoked.most)
	case v.journal == nil || !fresh && !v.journal.failed:
		return nil
	}
	return asInternal(v.journal.write(r))
}

// Revocations returns how many names are revoked now: of tokens and of users.
func (v *Verifier) Revocations() int { return v.revoked.names(v.clock.Now()) }

// Revoked reports whether the token that an identity is from was taken back. A nil
// Identity has none.
func (v *Verifier) Revoked(id *throng.Identity) bool {
	return id != nil && v.revoked.has(id.TokenID, id.User, id.Issued, v.clock.Now())
}
