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
