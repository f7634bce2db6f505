package visits

import "unsafe"

// EntryBytes is the size of an entry.
const EntryBytes = int(unsafe.Sizeof(entry{}))

// Said lets the ledger believe that all was said.
func (l *Ledger) Said() {
	for more := true; more; {
		_, more = l.collect(false)
		l.sequence++
	}
}

// Entries is how many entries the shards' lists hold.
func (l *Ledger) Entries() (n int) {
	for i := range l.shards {
		s := &l.shards[i]
		s.mu.Lock()
		n += len(s.fresh) + len(s.away)
		s.mu.Unlock()
	}
	return n
}

// Hold takes the locks of all shards until release is called.
func (l *Ledger) Hold() (release func()) {
	for i := range l.shards {
		l.shards[i].mu.Lock()
	}
	return func() {
		for i := range l.shards {
			l.shards[i].mu.Unlock()
		}
	}
}
