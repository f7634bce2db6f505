package proxy

import "net/netip"

// maxHops is how many elements of a list are looked at; nobody has as many
// proxies of their own. The rest was written by others.
const maxHops = 64

// Client returns the address of the client behind a peer, from the values of the
// peer's X-Forwarded-For headers, or, if there are none, Forwarded (RFC 7239). A
// peer that is not trusted is itself the client. Else the list is walked from the
// right, where the nearest proxy writes, up to the first address that is not
// trusted: what stands to the left of it, that client wrote, or anybody. An
// element that is no address ("unknown", "_hidden", garbage) ends the walk as the
// end of the list does: then the client is the last address that was found, and
// if there was none, the peer.
//
// That X-Forwarded-For comes first is no matter of taste: most proxies write it
// and pass on a Forwarded that a client made up. A proxy that writes Forwarded
// has to remove X-Forwarded-For.
func (t Trusted) Client(peer netip.Addr, forwarded, xff [][]byte) netip.Addr {
	if !t.Contains(peer) {
		return peer
	}
	h, read := hops{values: xff}, parseNode
	if len(xff) == 0 {
		h, read = hops{values: forwarded, quotes: true}, parseElement
	}
	client := peer
	for range maxHops {
		element, ok := h.next()
		if !ok {
			break
		}
		if element = trim(element); len(element) == 0 {
			continue // RFC 9110 section 5.6.1: lists may have empty elements
		}
		a := read(element)
		if !a.IsValid() {
			break
		}
		if client = a; !t.Contains(a) {
			break
		}
	}
	return client
}

// hops takes the elements of a list header from the right; several headers are
// one list (RFC 9110 section 5.3). Going from the right, not even an open quote
// that a client sent can swallow what proxies added to it.
type hops struct {
	values [][]byte // those not taken apart yet
	rest   []byte   // of the one that is
	more   bool     // rest counts, even if it is empty
	quotes bool     // commas between quotes are data
}

func (h *hops) next() (element []byte, ok bool) {
	if !h.more {
		if len(h.values) == 0 {
			return nil, false
		}
		last := len(h.values) - 1
		h.values, h.rest, h.more = h.values[:last], h.values[last], true
	}
	i := h.comma()
	element = h.rest[i+1:]
	h.rest, h.more = h.rest[:max(i, 0)], i >= 0
	return element, true
}

// comma returns the index of the last comma that separates, or -1.
func (h *hops) comma() int {
	quoted := false
	for i := len(h.rest) - 1; i >= 0; i-- {
		switch c := h.rest[i]; {
		case c == ',' && !quoted:
			return i
		case c != '"' || !h.quotes:
		case !quoted:
			quoted = true
		default:
			quoted = escaped(h.rest, i)
		}
	}
	return -1
}

// escaped reports whether an odd number of backslashes stands before b[i].
func escaped(b []byte, i int) bool {
	odd := false
	for i--; i >= 0 && b[i] == '\\'; i-- {
		odd = !odd
	}
	return odd
}

// trim removes blanks and tabs at both ends.
func trim(b []byte) []byte {
	for len(b) > 0 && isBlank(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isBlank(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }
