package phoenix

import "bytes"

// Decoder decodes frames of clients. Its only state is scratch space, so one
// Decoder serves any number of connections, one after the other. The zero value
// is ready for use.
type Decoder struct {
	// scratch holds what can't be a slice of the input: names with escapes, and
	// the quoted refs of binary frames.
	scratch []byte
}

// maxScratch is how much scratch outlives a frame; more is a client's caprice.
const maxScratch = 4 << 10

func (d *Decoder) reset() {
	if cap(d.scratch) > maxScratch {
		d.scratch = nil
	}
	d.scratch = d.scratch[:0]
}

// fields are the raw JSON values of a frame, in the order of version 2; nil for
// absent ones.
type fields [5][]byte

const (
	fieldJoinRef = iota
	fieldRef
	fieldTopic
	fieldEvent
	fieldPayload
)

// Text decodes a text frame into m. The whole of b must be JSON and UTF-8, and
// nested no deeper than MaxDepth. After an error m holds nothing useful.
func (d *Decoder) Text(v Version, b []byte, m *Message) error {
	d.reset()
	var f fields
	var end int
	var err error
	switch v {
	case V1:
		end, err = d.object(b, &f)
	case V2:
		end, err = array(b, &f)
	default:
		return errVersion
	}
	if err != nil {
		return err
	}
	if skipSpace(b, end) != len(b) {
		return errSyntax
	}
	return d.fill(m, &f)
}

// array finds the elements of a version 2 frame. There may be more of them than
// we know; Phoenix ignores those, and so do we.
func array(b []byte, f *fields) (int, error) {
	i := skipSpace(b, 0)
	if i == len(b) || b[i] != '[' {
		return 0, errArray
	}
	i = skipSpace(b, i+1)
	if i < len(b) && b[i] == ']' {
		return 0, errShort
	}
	for n := 0; ; n++ {
		end, err := skipValue(b, i, 1)
		if err != nil {
			return 0, err
		}
		if n < len(f) {
			f[n] = b[i:end:end]
		}
		i = skipSpace(b, end)
		switch {
		case i == len(b):
			return 0, errSyntax
		case b[i] == ',':
			i = skipSpace(b, i+1)
		case b[i] != ']':
			return 0, errSyntax
		case n+1 < len(f):
			return 0, errShort
		default:
			return i + 1, nil
		}
	}
}

// object finds the members of a version 1 frame. Of two with the same key the
// last one counts, as it does for Phoenix.
func (d *Decoder) object(b []byte, f *fields) (int, error) {
	i := skipSpace(b, 0)
	if i == len(b) || b[i] != '{' {
		return 0, errObject
	}
	i = skipSpace(b, i+1)
	if i < len(b) && b[i] == '}' {
		return 0, errMissing
	}
	for {
		keyEnd, start, err := skipKey(b, i)
		if err != nil {
			return 0, err
		}
		end, err := skipValue(b, start, 1)
		if err != nil {
			return 0, err
		}
		if n := d.field(b[i:keyEnd]); n >= 0 {
			f[n] = b[start:end:end]
		}
		i = skipSpace(b, end)
		switch {
		case i == len(b):
			return 0, errSyntax
		case b[i] == ',':
			i = skipSpace(b, i+1)
		case b[i] != '}':
			return 0, errSyntax
		case f[fieldRef] == nil || f[fieldTopic] == nil || f[fieldEvent] == nil || f[fieldPayload] == nil:
			return 0, errMissing
		default:
			return i + 1, nil
		}
	}
}

// field returns which field a version 1 key names, or -1.
func (d *Decoder) field(key []byte) int {
	kept := len(d.scratch)
	name := d.unquote(key)
	d.scratch = d.scratch[:kept] // a key is done with once it is recognised
	switch string(name) {
	case "join_ref":
		return fieldJoinRef
	case "ref":
		return fieldRef
	case "topic":
		return fieldTopic
	case "event":
		return fieldEvent
	case "payload":
		return fieldPayload
	}
	return -1
}

// fill checks the types of a frame's fields and hands them out.
func (d *Decoder) fill(m *Message, f *fields) error {
	var ok bool
	if m.JoinRef, ok = ref(f[fieldJoinRef]); !ok {
		return errRef
	}
	if m.Ref, ok = ref(f[fieldRef]); !ok {
		return errRef
	}
	if f[fieldTopic][0] != '"' || f[fieldEvent][0] != '"' {
		return errName
	}
	m.Topic = d.unquote(f[fieldTopic])
	m.Event = d.unquote(f[fieldEvent])
	m.Payload = f[fieldPayload]
	m.Binary = false
	return nil
}

// ref returns the token of a ref, nil for null, and whether it may be one at
// all. Phoenix takes any JSON value here, but its clients send strings, and
// numbers at most.
func ref(token []byte) ([]byte, bool) {
	if token == nil {
		return nil, true
	}
	switch token[0] {
	case 'n':
		return nil, true
	case 't', 'f', '{', '[':
		return nil, false
	}
	return token, true
}

// unquote returns what a valid string token stands for.
func (d *Decoder) unquote(token []byte) []byte {
	s := token[1 : len(token)-1 : len(token)-1]
	if bytes.IndexByte(s, '\\') < 0 {
		return s
	}
	start := len(d.scratch)
	d.scratch = appendUnescaped(d.scratch, s)
	return d.scratch[start:len(d.scratch):len(d.scratch)]
}
