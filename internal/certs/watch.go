package certs

import (
	"context"
	"time"
)

// remind is how often the log repeats what is wrong with files.
const remind = time.Minute

// Run looks for changes until ctx is done.
func (f *Files) Run(ctx context.Context) {
	ticker := time.NewTicker(f.every)
	defer ticker.Stop()
	for {
		f.Look()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Look looks for changes once, for who wants them now, such as at a signal.
func (f *Files) Look() {
	f.mu.Lock()
	defer f.mu.Unlock()
	now, changed := time.Now(), false
	for _, w := range f.pairs {
		changed = f.look(w, now) || changed
	}
	if changed {
		f.publish()
	}
	for _, w := range f.pairs {
		f.warn(w, now)
	}
}

// look says if another certificate of a pair is in force now.
func (f *Files) look(w *watched, now time.Time) bool {
	c := w.read()
	sum := c.digest()
	if sum == w.sum {
		if w.told != ([len(w.told)]byte{}) {
			f.log.Info("certificate files are as before", "path", w.Cert)
		}
		w.doubt, w.told = false, [len(w.told)]byte{}
		return false
	}
	cert, err := w.judge(c, now)
	if err == nil {
		f.take(w, cert, c)
		w.told = [len(w.told)]byte{}
		f.reloads.Add(1)
		f.log.Info("certificate reloaded", "path", w.Cert, "names", cert.Leaf.DNSNames, "expires", stamp(cert.Leaf.NotAfter))
		return true
	}
	// The two files are written one after the other: somebody may be in the
	// middle of it.
	if !w.doubt {
		w.doubt = true
		return false
	}
	fresh := sum != w.told
	if fresh {
		f.failures.Add(1)
	}
	if fresh || now.Sub(w.toldAt) >= remind {
		w.told, w.toldAt = sum, now
		f.log.Error("new certificate can't be used; the old one stays in force", "path", err.Where, "error", err.Msg, "hint", err.Hint,
			"expires", stamp(w.cert.Leaf.NotAfter))
	}
	return false
}
