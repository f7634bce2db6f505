package auth

import (
	"context"
	"log/slog"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// keySet is a JSON Web Key Set that is fetched again and again. Its keys stay in
// force until another set has come.
type keySet struct {
	url          string
	every, retry time.Duration
	log          *slog.Logger
	fetch        fetcher

	now  atomic.Pointer[[]key] // nil before the first has come
	wake chan struct{}

	fetched, failures atomic.Uint64

	mu       sync.Mutex
	fetching bool // from when somebody wants it
	over     bool // nobody fetches any more
	last     time.Time
	failed   bool // the last fetch
	waiting  []func()
}

func newKeySet(o *Options) (*keySet, *Error) {
	u, err := url.Parse(o.KeySetURL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return nil, fail("auth.jwks_url", "write https://host/path", "it is not an https URL")
	}
	s := &keySet{
		url: o.KeySetURL, every: o.KeySetRefresh, retry: o.Retry,
		log:   o.Log.With("jwks", (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()),
		fetch: newFetcher(u), wake: make(chan struct{}, 1),
		fetching: true, // Run begins with it: who comes before is told to wait
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		s.log.Warn("the key set is fetched without TLS", "hint", "who can change it on its way can be anybody: use https")
	}
	return s, nil
}

// same reports whether the options want this very set.
func (s *keySet) same(o *Options) bool {
	return s != nil && s.url == o.KeySetURL && s.every == o.KeySetRefresh
}

// keys returns those in force. A nil set has none.
func (s *keySet) keys() []key {
	if s == nil {
		return nil
	}
	if now := s.now.Load(); now != nil {
		return *now
	}
	return nil
}

// lacks reports whether another fetch might bring the key of a token that no key
// fits: its name is unknown, or nothing was fetched yet.
func (s *keySet) lacks(id string) bool {
	now := s.now.Load()
	if now == nil {
		return true
	}
	if id == "" {
		return false
	}
	for i := range *now {
		if (*now)[i].id == id {
			return false
		}
	}
	return true
}

// want asks for a fetch because of a key that is not known. It returns nil if a
// fetch so short ago did not bring it.
func (s *keySet) want() *Refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.over:
		return refuse(ErrKeysUnavailable, "the server stops fetching keys")
	case s.fetching:
		return refuse(ErrKeysPending, "the key set is being fetched")
	case time.Since(s.last) >= s.retry:
		s.fetching = true
		select {
		case s.wake <- struct{}{}:
		default: // it was woken already
		}
		return refuse(ErrKeysPending, "the key set is being fetched")
	case s.failed:
		return refuse(ErrKeysUnavailable, "the key is not known, and the key set can't be fetched")
	}
	return nil
}

// whenFetched calls f as soon as no fetch is under way.
func (s *keySet) whenFetched(f func()) {
	s.mu.Lock()
	if s.fetching && !s.over {
		s.waiting = append(s.waiting, f)
		s.mu.Unlock()
		return
	}
	s.mu.Unlock()
	f()
}

// run fetches until ctx ends.
func (s *keySet) run(ctx context.Context) {
	defer s.close()
	pause := s.retry
	for {
		next := s.every
		if !s.update(ctx) {
			next = min(pause, s.every)
			pause = min(pause*2, s.every) // uncapped, it would overflow in a long outage
		} else {
			pause = s.retry
		}
		timer := time.NewTimer(next)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-s.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// update fetches once, and reports whether it brought a set.
func (s *keySet) update(ctx context.Context) bool {
	s.mu.Lock()
	s.fetching = true
	select {
	case <-s.wake: // what it asks for begins now
	default:
	}
	s.mu.Unlock()
	body, err := s.fetch.get(ctx)
	var keys []key
	var skipped []string
	if err == nil {
		keys, skipped, err = parseKeySet(body)
	}
	switch {
	case err == nil:
		s.take(keys, skipped)
	case ctx.Err() == nil:
		s.failures.Add(1)
		s.log.Error("the key set can't be fetched; the keys that are known stay in force", "error", err, "keys", len(s.keys()))
	}
	s.done(err != nil)
	return err == nil
}

// take puts a set into force.
func (s *keySet) take(keys []key, skipped []string) {
	s.fetched.Add(1)
	before := s.now.Swap(&keys)
	if before != nil && sameKeys(*before, keys) {
		return
	}
	s.log.Info("key set in force", "keys", len(keys), "skipped", skipped)
	if len(keys) == 0 {
		s.log.Warn("the key set is empty: no token of its issuer is accepted")
	}
}

// sameKeys compares names and kinds, which is enough for the log.
func sameKeys(a, b []key) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].id != b[i].id || a[i].method != b[i].method {
			return false
		}
	}
	return true
}

// done ends a fetch, and tells those who wait.
func (s *keySet) done(failed bool) {
	s.mu.Lock()
	s.fetching, s.failed, s.last = false, failed, time.Now()
	waiting := s.waiting
	s.waiting = nil
	s.mu.Unlock()
	for _, f := range waiting {
		f()
	}
}

// close ends all fetching.
func (s *keySet) close() {
	s.mu.Lock()
	s.over = true
	s.mu.Unlock()
	s.done(true)
}
