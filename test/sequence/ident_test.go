package sequence

import (
	"bytes"
	"fmt"
	"strconv"
)

// ident names a publication: the publisher, which of its connections, and the
// publisher's count.
type ident struct {
	pub, conn uint16
	seq       uint32
}

func (id ident) String() string { return fmt.Sprintf("p%d.%d:%d", id.pub, id.conn, id.seq) }

// note is what a publication says of itself. Times are milliseconds of the run's
// clock.
type note struct {
	id ident
	at int64 // attempted
	by int64 // deadline; 0 for none
}

// farAway is the least time to a deadline that can't come within a run.
const farAway = 30 * 60 * 1000

// expires reports whether the deadline may come while somebody looks.
func (n note) expires() bool { return n.by != 0 && n.by-n.at < farAway }

// payload encodes a note with some padding.
func (n note) payload(pad int) []byte {
	b := fmt.Appendf(nil, `{"id":"%s","at":%d,"by":%d,"pad":"`, n.id, n.at, n.by)
	b = append(b, bytes.Repeat([]byte{'x'}, pad)...)
	return append(b, `"}`...)
}

// parseNote reads what payload wrote. Servers pass payloads on as they are, so
// the form is known to the byte.
func parseNote(b []byte) (n note, ok bool) {
	s := scan{b, true}
	s.skip(`{"id":"p`)
	n.id.pub = uint16(s.number())
	s.skip(".")
	n.id.conn = uint16(s.number())
	s.skip(":")
	n.id.seq = uint32(s.number())
	s.skip(`","at":`)
	n.at = int64(s.number())
	s.skip(`,"by":`)
	n.by = int64(s.number())
	s.skip(`,"pad":"`)
	return n, s.ok && bytes.HasSuffix(b, []byte(`"}`))
}

type scan struct {
	b  []byte
	ok bool
}

func (s *scan) skip(what string) {
	rest, ok := bytes.CutPrefix(s.b, []byte(what))
	s.b, s.ok = rest, s.ok && ok
}

func (s *scan) number() uint64 {
	n := 0
	for n < len(s.b) && s.b[n] >= '0' && s.b[n] <= '9' {
		n++
	}
	v, err := strconv.ParseUint(string(s.b[:n]), 10, 64)
	s.b, s.ok = s.b[n:], s.ok && err == nil
	return v
}
