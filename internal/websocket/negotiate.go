package websocket

import "strconv"

// deflateTerms is what we want whatever is offered, and offer ourselves: each
// message is compressed by itself, in both directions. So an idle connection
// owns no window, and a frame can be shared.
const deflateTerms = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

// DeflateOffer is a header line for AppendClientRequest; the answer is one for
// CheckDeflateResponse.
const DeflateOffer = "Sec-WebSocket-Extensions: " + deflateTerms

// NegotiateDeflate judges the client's offers (RFC 7692 sections 5.1 and 7.1). It
// returns what is agreed on and the value of the Sec-WebSocket-Extensions header
// that must say so, "" for none. The first offer that is understood is taken; if
// there is none, the connection goes on without.
//
// The answer has client_no_context_takeover also where it was not offered, which
// binds the client all the same (section 7.1.1.2). That its own window may be
// limited is of no use to us, because a Reader has no window between messages.
func (r *Request) NegotiateDeflate() (mode Deflate, value string) {
	for list := range r.Extensions {
		for len(list) > 0 {
			var element []byte
			element, list, _ = cutQuoted(list, ',')
			var p deflateParams
			if p.parse(element) {
				return p.accept()
			}
		}
	}
	return DeflateOff, ""
}

// accept answers an offer. A window that was asked for is confirmed as it is
// (RFC 7692 section 7.1.2.1): ours is never larger.
func (p *deflateParams) accept() (mode Deflate, value string) {
	if p.serverBits == 0 {
		return DeflateFull, deflateTerms
	}
	mode = DeflateSmall
	if p.serverBits == 15 {
		mode = DeflateFull
	}
	return mode, deflateTerms + "; server_max_window_bits=" + strconv.Itoa(p.serverBits)
}

// checkDeflate judges what a server answered to DeflateOffer and returns what is
// wrong, or "". The server may limit its own window unasked (RFC 7692 section
// 7.1.2.1), but ours only if we had offered that (section 7.1.2.2), and it must
// not refer back to earlier messages (section 7.1.1.1).
func checkDeflate(value []byte) string {
	element, _, more := cutQuoted(value, ',')
	var p deflateParams
	switch {
	case more || !p.parse(element):
		return "an extension that was not asked for"
	case p.seen&clientWindow != 0:
		return "client_max_window_bits was not offered"
	case p.seen&serverNoTakeover == 0:
		return "missing server_no_context_takeover"
	}
	return ""
}
