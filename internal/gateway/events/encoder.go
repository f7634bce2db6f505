package events

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strconv"

	"throng"
)

// encoder writes publications as events (HTML standard, section 9.2.6) whose id is
// that of a stream with this one channel. Streams with more channels, and polls,
// take them apart.
type encoder struct {
	presence bool // who is there is shown, in events of its own kinds
}

// Encoders returns the encoders that the hub needs for streams and polls, in the order
// of their encodings.
func Encoders() []throng.Encoder { return []throng.Encoder{encoder{}, encoder{presence: true}} }

// encodingPresence is that of streams that show who is there, counted from
// Options.Encoding.
const encodingPresence = 1

const (
	idField   = "id: "
	dataField = "data: "
	eventEnd  = "\n\n"
)

// Encode implements throng.Encoder.
func (e encoder) Encode(dst []byte, channel string, p *throng.Publication) []byte {
	if p.Presence() {
		if !e.presence {
			return dst // an empty frame is not pushed
		}
		dst = append(append(append(dst, "event: "...), p.Event...), '\n')
	}
	if p.Offset != 0 {
		dst = append(dst, idField...)
		dst = appendID(dst, channel, throng.Position{Offset: p.Offset, Epoch: p.Epoch})
		dst = append(dst, '\n')
	}
	dst = append(dst, dataField...)
	dst = appendPublication(dst, channel, p)
	return append(dst, eventEnd...)
}

// anonymous returns an event without its id.
func anonymous(event []byte) []byte {
	if bytes.HasPrefix(event, []byte(idField)) {
		return event[bytes.IndexByte(event, '\n')+1:]
	}
	return event
}

// object returns the JSON of a publication's event.
func object(event []byte) []byte {
	return event[bytes.Index(event, []byte(dataField))+len(dataField) : len(event)-len(eventEnd)]
}

// appendPublication appends a publication as one line of JSON.
func appendPublication(b []byte, channel string, p *throng.Publication) []byte {
	b = append(b, `{"channel":`...)
	b = appendString(b, channel)
	if p.Offset != 0 {
		b = append(b, `,"offset":`...)
		b = strconv.AppendUint(b, p.Offset, 10)
	}
	if p.Event != "" {
		b = append(b, `,"event":`...)
		b = appendString(b, p.Event)
	}
	b = append(b, `,"data":`...)
	b = appendData(b, p)
	if len(p.Tags) > 0 {
		b = append(b, `,"tags":`...)
		b = appendTags(b, p.Tags)
	}
	b = append(b, `,"time":`...)
	b = strconv.AppendInt(b, p.Time, 10)
	if p.ExpiresAt != 0 {
		b = append(b, `,"expires_at":`...)
		b = strconv.AppendInt(b, p.ExpiresAt, 10)
	}
	return append(b, '}')
}

// appendData appends a publication's data, {} for none, and bytes in base64. A line
// end would end the event; in JSON it can only be white space.
func appendData(b []byte, p *throng.Publication) []byte {
	switch {
	case p.Binary:
		b = append(b, `{"encoding":"base64","data":"`...)
		b = base64.StdEncoding.AppendEncode(b, p.Data)
		return append(b, `"}`...)
	case len(p.Data) == 0:
		return append(b, "{}"...)
	}
	from := len(b)
	b = append(b, p.Data...)
	for i, c := range b[from:] {
		if c == '\n' || c == '\r' {
			b[from+i] = ' '
		}
	}
	return b
}

// appendString appends a JSON string.
func appendString(b []byte, s string) []byte {
	q, _ := json.Marshal(s) // strings can't fail
	return append(b, q...)
}

// appendTags appends tags as a JSON object. What is not HTML need not be harmless in it:
// escapes would make six bytes of one.
func appendTags(b []byte, tags map[string]string) []byte {
	buf := bytes.NewBuffer(b)
	e := json.NewEncoder(buf)
	e.SetEscapeHTML(false)
	_ = e.Encode(tags) // strings can't fail
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
}

// appendEvent appends a server's own event.
func appendEvent(b []byte, id, kind string, data any) []byte {
	if id != "" {
		b = append(b, idField...)
		b = append(b, id...)
		b = append(b, '\n')
	}
	b = append(b, "event: "...)
	b = append(b, kind...)
	b = append(b, "\n"+dataField...)
	text, _ := json.Marshal(data) // structs of strings and numbers can't fail
	b = append(b, text...)
	return append(b, eventEnd...)
}

// appendRetry appends how long an EventSource waits before it comes back, in
// milliseconds.
func appendRetry(b []byte, ms int) []byte {
	b = append(b, "retry: "...)
	b = strconv.AppendInt(b, int64(ms), 10)
	return append(b, '\n')
}
