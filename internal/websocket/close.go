package websocket

import (
	"encoding/binary"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Close codes that the codec itself uses (RFC 6455 section 7.4.1). CloseNoStatus
// stands for a close frame without a code and never travels.
const (
	CloseNormal        = 1000
	CloseProtocolError = 1002
	CloseNoStatus      = 1005
	CloseInvalidData   = 1007
	CloseTooBig        = 1009
)

// maxReason is the room for a reason behind the two bytes of the code.
const maxReason = maxControl - 2

// CloseError is what was wrong with the peer's bytes, as the close frame that it
// should be told so with.
type CloseError struct {
	Code   uint16
	Reason string
}

func (e *CloseError) Error() string {
	return "websocket: " + strconv.Itoa(int(e.Code)) + " " + e.Reason
}

func protocolError(reason string) error { return &CloseError{CloseProtocolError, reason} }

func errInvalidText() error { return &CloseError{CloseInvalidData, "invalid UTF-8"} }

func errTooBig() error { return &CloseError{CloseTooBig, "message too big"} }

// ValidCloseCode reports whether a close frame may carry the code: one of those
// that RFC 6455 section 7.4.1 and the IANA registry define for the wire, or one
// from the ranges for libraries and applications (section 7.4.2).
func ValidCloseCode(code uint16) bool {
	switch {
	case code >= 1000 && code <= 1003, code >= 1007 && code <= 1014:
		return true
	default:
		return code >= 3000 && code <= 4999
	}
}

// ParseClose splits the payload of a close frame that a Reader returned. An
// empty one gives CloseNoStatus (RFC 6455 section 7.1.5).
func ParseClose(payload []byte) (code uint16, reason string) {
	if len(payload) < 2 {
		return CloseNoStatus, ""
	}
	return binary.BigEndian.Uint16(payload), string(payload[2:])
}

// checkClose judges the payload of a complete close frame (RFC 6455 sections
// 5.5.1 and 7.4).
func checkClose(payload []byte) error {
	switch {
	case len(payload) == 0:
		return nil
	case len(payload) == 1:
		return protocolError("close frame with half a code")
	case !ValidCloseCode(binary.BigEndian.Uint16(payload)):
		return protocolError("invalid close code")
	case !utf8.Valid(payload[2:]):
		return errInvalidText()
	}
	return nil
}

// AppendClose appends a server's close frame; see AppendClosePayload.
func AppendClose(dst []byte, code uint16, reason string) []byte {
	at := len(dst)
	dst = append(dst, finBit|byte(OpClose), 0)
	dst = AppendClosePayload(dst, code, reason)
	dst[at+1] = byte(len(dst) - at - 2)
	return dst
}

// AppendClosePayload appends the payload of a close frame. It is empty for 0, for
// CloseNoStatus and for every other code that must not travel. A reason is made
// valid UTF-8 and cut between runes to the 123 bytes that there is room for.
func AppendClosePayload(dst []byte, code uint16, reason string) []byte {
	if !ValidCloseCode(code) {
		return dst
	}
	dst = binary.BigEndian.AppendUint16(dst, code)
	reason = strings.ToValidUTF8(reason, string(utf8.RuneError))
	if len(reason) > maxReason {
		end := maxReason
		for !utf8.RuneStart(reason[end]) {
			end--
		}
		reason = reason[:end]
	}
	return append(dst, reason...)
}
