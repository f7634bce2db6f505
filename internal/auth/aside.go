package auth

import (
	"runtime"
	"sync"

	"github.com/golang-jwt/jwt/v5"
)

// aside runs what takes too long for a loop, on as many goroutines as there are
// processors, and on none while nothing waits.
type aside struct {
	mu      sync.Mutex
	waiting []func()
	running int
}

// maxAside bounds what waits. ES256 has 1,024 checks done within a tenth of a second,
// ES384 within seconds: who came behind more would have given up.
const maxAside = 1024

// run reports false, and does not run f, when too much waits.
func (a *aside) run(f func()) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.running < min(runtime.GOMAXPROCS(0), runtime.NumCPU()):
		a.running++
		go a.work(f)
	case len(a.waiting) < maxAside:
		a.waiting = append(a.waiting, f)
	default:
		return false
	}
	return true
}

func (a *aside) work(f func()) {
	for ; f != nil; f = a.next() {
		f()
	}
}

// next returns what waits for the longest, or nil: then the goroutine ends.
func (a *aside) next() (f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.waiting) == 0 {
		a.waiting = nil
		a.running--
		return nil
	}
	f = a.waiting[0]
	a.waiting[0] = nil
	a.waiting = a.waiting[1:]
	return f
}

// Costly reports whether a token is signed with a private key. To check one takes
// from 50 microseconds (RS256, ES256) to milliseconds (ES384, ES512): a crowd of them
// would hold up a loop.
func (v *Verifier) Costly(s string) bool {
	r := v.rules.Load()
	if !r.public {
		return false // there is no key to try on it
	}
	t, no := parseToken(s, r.most)
	if no != nil {
		return false // it is refused at once
	}
	_, shared := t.method.(*jwt.SigningMethodHMAC)
	return !shared
}

// Aside calls f on another goroutine, after what was given to it before: for the
// checks of costly tokens. It reports false, and does not call f, when 1,024 wait
// already.
func (v *Verifier) Aside(f func()) bool { return v.aside.run(f) }
