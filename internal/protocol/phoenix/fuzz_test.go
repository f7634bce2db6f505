package phoenix_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"throng/internal/protocol/phoenix"
)

// FuzzText holds the scanner against encoding/json: the same frames accepted but
// for the documented depth, the same strings and the same raw values found in
// them, and what was found makes the same frame again.
func FuzzText(f *testing.F) {
	for _, s := range []string{
		`["1","2","room:1","new_msg",{"a":[1,-2.5e+3,true,false,null,"x"]}]`,
		` [ 5 , null , "\ud83d\ude00\ud800" , "\u0065\n" , "é日😀" , {} ] `,
		`{"topic":"t","event":"e","payload":{},"ref":"1","join_ref":null}`,
		`{"topic":1,"\u0074opic":"t","event":"e","payload":{},"ref":1.0}`,
		`[[[[[[]]]]]]`, "[1,2,\"t\xff\",\"e\",{}]", `[1,2,"t","e",01]`, `["",0,"","",-0E-0,`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, v := range []phoenix.Version{phoenix.V1, phoenix.V2} {
			input := string(b)
			var d phoenix.Decoder
			var m phoenix.Message
			err := d.Text(v, b, &m)
			if string(b) != input {
				t.Fatal("the input was changed")
			}
			want, ok := oracle(v, b)
			if ok != (err == nil) {
				t.Fatalf("V%d %q: error %v, encoding/json accepts: %t", v, b, err, ok)
			}
			if err != nil {
				continue
			}
			if !reflect.DeepEqual(&m, want) {
				t.Fatalf("V%d %q:\n got %s\nwant %s", v, b, show(&m), show(want))
			}
			roundTrip(t, &m)
		}
	})
}

// oracle decodes a frame by means of encoding/json.
func oracle(v phoenix.Version, b []byte) (*phoenix.Message, bool) {
	if !json.Valid(b) || !utf8.Valid(b) || depth(b) > phoenix.MaxDepth {
		return nil, false
	}
	var raw [5]json.RawMessage
	if v == phoenix.V2 {
		var all []json.RawMessage
		if json.Unmarshal(b, &all) != nil || len(all) < len(raw) {
			return nil, false
		}
		copy(raw[:], all)
	} else {
		var o map[string]json.RawMessage
		if json.Unmarshal(b, &o) != nil {
			return nil, false
		}
		for i, key := range []string{"join_ref", "ref", "topic", "event", "payload"} {
			var found bool
			if raw[i], found = o[key]; !found && i > 0 {
				return nil, false
			}
		}
	}
	m := &phoenix.Message{JoinRef: notNull(raw[0]), Ref: notNull(raw[1]), Payload: raw[4]}
	for _, ref := range [][]byte{m.JoinRef, m.Ref} {
		if len(ref) > 0 && strings.IndexByte("tf[{", ref[0]) >= 0 {
			return nil, false
		}
	}
	var topic, event *string
	if json.Unmarshal(raw[2], &topic) != nil || topic == nil || json.Unmarshal(raw[3], &event) != nil || event == nil {
		return nil, false
	}
	m.Topic, m.Event = []byte(*topic), []byte(*event)
	return m, true
}

// depth returns how deep valid JSON nests.
func depth(b []byte) (deepest int) {
	inside, depth := false, 0
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			inside = !inside
		case inside && c == '\\':
			i++
		case !inside && (c == '[' || c == '{'):
			depth++
			deepest = max(deepest, depth)
		case !inside && (c == ']' || c == '}'):
			depth--
		}
	}
	return deepest
}

// roundTrip encodes m in both versions and decodes it again.
func roundTrip(t *testing.T, m *phoenix.Message) {
	topic, event := string(m.Topic), string(m.Event)
	for _, v := range []phoenix.Version{phoenix.V1, phoenix.V2} {
		frame := phoenix.AppendPush(nil, v, m.JoinRef, m.Ref, topic, event, m.Payload)
		want := *m
		if v == phoenix.V1 {
			want.JoinRef = nil
		}
		var d phoenix.Decoder
		var again phoenix.Message
		if err := d.Text(v, frame, &again); err != nil {
			t.Fatalf("%q: %v", frame, err)
		}
		if !reflect.DeepEqual(&again, &want) {
			t.Fatalf("V%d %q:\n got %s\nwant %s", v, frame, show(&again), show(&want))
		}
		if reply := phoenix.AppendReply(nil, v, m.JoinRef, m.Ref, topic, event, m.Payload); !json.Valid(reply) {
			t.Fatalf("not JSON: %q", reply)
		}
	}
}

// FuzzBinary checks that what was decoded makes the same frame again, that its
// refs are JSON, and that everything the server may answer survives.
func FuzzBinary(f *testing.F) {
	f.Add([]byte("\x00\x01\x01\x06\x0412room:becho\x01\x02\x03"))
	f.Add([]byte("\x00\x00\x00\x00\x00"))
	f.Add([]byte("\x00\x02\x03\x02\x01ß日éex"))
	f.Add([]byte("\x00\x02\x02\x01\x01\"\\\n\x7fte"))
	f.Add([]byte("\x09\x09"))
	f.Fuzz(func(t *testing.T, b []byte) {
		input := string(b)
		var d phoenix.Decoder
		var m phoenix.Message
		err := d.Binary(b, &m)
		if string(b) != input {
			t.Fatal("the input was changed")
		}
		if err != nil {
			return
		}
		topic, event := string(m.Topic), string(m.Event)
		if !phoenix.BinaryFits(m.JoinRef, m.Ref, topic, event) {
			t.Fatalf("%q doesn't fit", b)
		}
		if again := clientPush(&m); string(again) != input {
			t.Fatalf("%q became %q", b, again)
		}
		for _, ref := range [][]byte{m.JoinRef, m.Ref} {
			var s string
			if ref != nil && (json.Unmarshal(ref, &s) != nil || s == "") {
				t.Fatalf("ref %q", ref)
			}
		}
		// The push as a broadcast, the way publications travel.
		frame := phoenix.AppendBinaryBroadcast(nil, topic, event, m.Payload)
		if want := 3 + len(topic) + len(event) + len(m.Payload); len(frame) != want {
			t.Fatalf("broadcast of %d bytes, want %d", len(frame), want)
		}
		// And the refs in text, where they must be the same tokens.
		text := phoenix.AppendPush(nil, phoenix.V2, m.JoinRef, m.Ref, topic, event, nil)
		var viaText phoenix.Message
		var d2 phoenix.Decoder
		if err := d2.Text(phoenix.V2, text, &viaText); err != nil {
			t.Fatal(err)
		}
		m.Payload, m.Binary = []byte("{}"), false
		if show(&viaText) != show(&m) {
			t.Fatalf("%q:\n got %s\nwant %s", text, show(&viaText), show(&m))
		}
	})
}

// clientPush makes a client's binary frame out of a reply: the parts of both are
// the same, only the kind differs.
func clientPush(m *phoenix.Message) []byte {
	b := phoenix.AppendBinaryReply(nil, m.JoinRef, m.Ref, string(m.Topic), string(m.Event), m.Payload)
	b[0] = 0
	return b
}

// TestTextBytes puts every byte at every place of a string: the scanner looks at
// eight bytes at a time.
func TestTextBytes(t *testing.T) {
	for at := range 19 {
		for c := range 256 {
			frame := []byte(`[1,2,"` + strings.Repeat("a", at) + string([]byte{byte(c)}) + strings.Repeat("n", 18-at) + `","e",{}]`)
			var d phoenix.Decoder
			var m phoenix.Message
			err := d.Text(phoenix.V2, frame, &m)
			want, ok := oracle(phoenix.V2, frame)
			if ok != (err == nil) || ok && !reflect.DeepEqual(&m, want) {
				t.Errorf("%q: got %s, %v", frame, show(&m), err)
			}
		}
	}
}
