package phoenix_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"throng/internal/protocol/phoenix"
	"throng/internal/protocol/phoenix/transcript"
)

// TestGolden holds the codec against what a real client and a real server said:
// every frame of the client must decode to what encoding/json sees in it, and
// every frame of the server must come out again when it is made of its parts.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/phoenix-*.txt")
	if err != nil || len(files) != 2 {
		t.Fatalf("files: %v, %v", files, err)
	}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		all, err := transcript.Parse(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range all {
			t.Run(filepath.Base(file)+"/"+x.Name, func(t *testing.T) { replay(t, x) })
		}
	}
}

func replay(t *testing.T, x transcript.Exchange) {
	vsn := ""
	for p := range strings.SplitSeq(x.Query, "&") {
		if s, ok := strings.CutPrefix(p, "vsn="); ok {
			vsn = s
		}
	}
	v, ok := phoenix.ParseVersion(vsn)
	if want := x.Status == 101 || x.Name == "denied"; ok != want {
		t.Fatalf("vsn %q: accepted %t, status %d", vsn, ok, x.Status)
	}
	for _, l := range x.Lines {
		switch {
		case l.Dir == '>' && x.CloseCode == 1011:
			refuse(t, v, l)
		case l.Dir == '>':
			decode(t, v, l)
		case l.Binary:
			encodeBinary(t, l.Data)
		default:
			encodeText(t, v, l.Data)
		}
	}
}

// refuse decodes what the server closed with 1011 for.
func refuse(t *testing.T, v phoenix.Version, l transcript.Line) {
	var d phoenix.Decoder
	var m phoenix.Message
	var err error
	if l.Binary {
		err = d.Binary(l.Data, &m)
	} else {
		err = d.Text(v, l.Data, &m)
	}
	if err == nil {
		t.Errorf("accepted %q", l.Data)
	}
}

func decode(t *testing.T, v phoenix.Version, l transcript.Line) {
	var d phoenix.Decoder
	var m phoenix.Message
	if l.Binary {
		if err := d.Binary(l.Data, &m); err != nil {
			t.Errorf("%x: %v", l.Data, err)
		} else if again := clientPush(&m); string(again) != string(l.Data) {
			t.Errorf("%x became %x", l.Data, again)
		}
		return
	}
	if err := d.Text(v, l.Data, &m); err != nil {
		t.Errorf("%s: %v", l.Data, err)
		return
	}
	// Version 1 frames leave without a join_ref, so both are compared as arrays.
	again := phoenix.AppendPush(nil, phoenix.V2, m.JoinRef, m.Ref, string(m.Topic), string(m.Event), m.Payload)
	want := l.Data
	if v == phoenix.V1 {
		var o map[string]json.RawMessage
		if err := json.Unmarshal(want, &o); err != nil {
			t.Fatal(err)
		}
		want, _ = json.Marshal([]json.RawMessage{o["join_ref"], o["ref"], o["topic"], o["event"], o["payload"]})
	}
	sameJSON(t, again, want)
}

func encodeText(t *testing.T, v phoenix.Version, line []byte) {
	p := split(t, v, line)
	var got []byte
	var reply struct {
		Status   string          `json:"status"`
		Response json.RawMessage `json:"response"`
	}
	switch {
	case p.event == "phx_reply":
		if err := json.Unmarshal(p.payload, &reply); err != nil {
			t.Fatal(err)
		}
		got = phoenix.AppendReply(nil, v, p.joinRef, p.ref, p.topic, reply.Status, reply.Response)
	case p.joinRef == nil && p.ref == nil:
		got = phoenix.AppendBroadcast(nil, v, 0, p.topic, p.event, p.payload)
	default:
		got = phoenix.AppendPush(nil, v, p.joinRef, p.ref, p.topic, p.event, p.payload)
	}
	sameJSON(t, got, line)
}

func encodeBinary(t *testing.T, line []byte) {
	cut := func(n byte) string {
		part := line[:n]
		line = line[n:]
		return string(part)
	}
	whole := line
	var got []byte
	switch cut(1)[0] {
	case 0:
		n := cut(3)
		joinRef, topic, event := cut(n[0]), cut(n[1]), cut(n[2])
		got = phoenix.AppendBinaryPush(nil, []byte(`"`+joinRef+`"`), topic, event, line)
	case 1:
		n := cut(4)
		joinRef, ref, topic, status := cut(n[0]), cut(n[1]), cut(n[2]), cut(n[3])
		got = phoenix.AppendBinaryReply(nil, []byte(`"`+joinRef+`"`), []byte(`"`+ref+`"`), topic, status, line)
	case 2:
		n := cut(2)
		topic, event := cut(n[0]), cut(n[1])
		got = phoenix.AppendBinaryBroadcast(nil, topic, event, line)
	}
	if string(got) != string(whole) {
		t.Errorf("got %x, want %x", got, whole)
	}
}

type parts struct {
	joinRef, ref []byte // nil for null
	topic, event string
	payload      []byte
}

// split takes a server's frame apart with encoding/json.
func split(t *testing.T, v phoenix.Version, line []byte) parts {
	var raw [5]json.RawMessage
	var err error
	if v == phoenix.V2 {
		err = json.Unmarshal(line, &raw)
	} else {
		var o map[string]json.RawMessage
		err = json.Unmarshal(line, &o)
		raw = [5]json.RawMessage{[]byte("null"), o["ref"], o["topic"], o["event"], o["payload"]}
		if len(o) != 4 {
			t.Errorf("%s: %d keys", line, len(o))
		}
	}
	p := parts{joinRef: notNull(raw[0]), ref: notNull(raw[1]), payload: raw[4]}
	for _, err := range []error{err, json.Unmarshal(raw[2], &p.topic), json.Unmarshal(raw[3], &p.event)} {
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	return p
}

func notNull(token []byte) []byte {
	if string(token) == "null" {
		return nil
	}
	return token
}

func sameJSON(t *testing.T, got, want []byte) {
	t.Helper()
	var g, w any
	if err := json.Unmarshal(want, &w); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(got, &g); err != nil || !reflect.DeepEqual(g, w) {
		t.Errorf("got  %s\nwant %s (%v)", got, want, err)
	}
}
