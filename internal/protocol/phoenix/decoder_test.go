package phoenix_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"throng/internal/protocol/phoenix"
)

// show renders a message so that nil and empty differ.
func show(m *phoenix.Message) string {
	ref := func(b []byte) string {
		if b == nil {
			return "-"
		}
		return string(b)
	}
	return fmt.Sprintf("%s %s %q %q %s %t", ref(m.JoinRef), ref(m.Ref), m.Topic, m.Event, m.Payload, m.Binary)
}

func TestText(t *testing.T) {
	for _, tt := range []struct {
		v        phoenix.Version
		in, want string
	}{
		{phoenix.V2, `["1","2","room:1","new_msg",{"a":1}]`, `"1" "2" "room:1" "new_msg" {"a":1} false`},
		{phoenix.V2, `[null,null,"t","e",null]`, `- - "t" "e" null false`},
		{phoenix.V2, `[5,-6.5e+3,"t","e",[]]`, `5 -6.5e+3 "t" "e" [] false`},
		{phoenix.V2, `["\u0031","","","",""]`, `"\u0031" "" "" "" "" false`},
		{phoenix.V2, " [ 1 ,\t2 ,\r\n\"t\" , \"e\" , { \"a\" : [ 1 , 2 ] } ] ", `1 2 "t" "e" { "a" : [ 1 , 2 ] } false`},
		{phoenix.V2, `[1,2,"t","e",{},"more",{"and":["more"]}]`, `1 2 "t" "e" {} false`},
		{phoenix.V2, `[1,2,"a\/\"\\\b\f\n\r\t\u00e9","x\uD83D\ude00y",0]`, `1 2 "a/\"\\\b\f\n\r\té" "x😀y" 0 false`},
		{phoenix.V2, `[1,2,"\ud83dx\udE00","\ud83d\ud83d\ude00",0]`, `1 2 "�x�" "�😀" 0 false`},
		{phoenix.V2, `[1,2,"Zürich","日本",true]`, `1 2 "Zürich" "日本" true false`},
		{phoenix.V2, `{}`, ``},
		{phoenix.V1, `{"topic":"t","event":"e","payload":{"x":1},"ref":"3"}`, `- "3" "t" "e" {"x":1} false`},
		{phoenix.V1, `{"join_ref":"1","ref":null,"event":"e","payload":2,"topic":"t"}`, `"1" - "t" "e" 2 false`},
		{phoenix.V1, `{"topic":1,"ref":{},"Topic":"no","topic":"t","event":"a","event":"e","payload":1,"payload":2,"ref":4}`, `- 4 "t" "e" 2 false`},
		{phoenix.V1, `{"\u0074opic":"\u0074","event":"\u0065","payload":0,"ref":4,"x":[{}]}`, `- 4 "t" "e" 0 false`},
		{phoenix.V1, ` { "topic" : "t" , "event" : "e" , "payload" : { } , "ref" : 1 } `, `- 1 "t" "e" { } false`},
		{phoenix.V1, `["1","2","t","e",{}]`, ``},
	} {
		var d phoenix.Decoder
		var m phoenix.Message
		err := d.Text(tt.v, []byte(tt.in), &m)
		switch {
		case tt.want == "":
			if !errors.Is(err, phoenix.ErrMalformed) {
				t.Errorf("V%d %s: error %v", tt.v, tt.in, err)
			}
		case err != nil:
			t.Errorf("V%d %s: %v", tt.v, tt.in, err)
		case show(&m) != tt.want:
			t.Errorf("V%d %s:\n got %s\nwant %s", tt.v, tt.in, show(&m), tt.want)
		}
	}
}

func TestTextMalformed(t *testing.T) {
	for reason, frames := range map[string][]string{
		"not JSON": {
			`[`, `[1`, `[1,`, `[1,2,"t","e",{}`, `[1,2,"t","e",{}]x`, `[1,2,"t","e",{}],`, `[1,2,"t","e",{},]`, `[,2]`,
			`[1 2,"t","e",{}]`, `[1,2,"t","e",{"a"}]`, `[1,2,"t","e",{"a":}]`, `[1,2,"t","e",{a:1}]`, `[1,2,"t","e",{"a":1,}]`,
			`[1,2,"t","e",{"a":1]]`, `[1,2,"t","e",[1}]`, `[1,2,"t","e",[1,]]`, `[1,2,"t","e",[1`, `[1,2,"t","e",{"a":1`, `[1,2,"t","e",{"a"`,
			`[01,2,"t","e",{}]`, `[-,2,"t","e",{}]`, `[+1,2,"t","e",{}]`, `[.5,2,"t","e",{}]`, `[1.,2,"t","e",{}]`, `[1e,2,"t","e",{}]`, `[1e+,2,"t","e",{}]`,
			`[nul,2,"t","e",{}]`, `[NaN,2,"t","e",{}]`, `[1,2,"t","e",tru]`, `[1,2,"t","e",false0]`, `[1,2,"t","e",nulll]`,
			`[1,2,"t`, `[1,2,"t\`, `[1,2,"\x","e",{}]`, `[1,2,"\u12g4","e",{}]`, `[1,2,"\u12`, "[1,2,\"a\nb\",\"e\",{}]", "[1,2,\"0123456\x1f\",\"e\",{}]",
			"[1,2,\"t\",\"e\",{}]\x00", "[1,2,\"t\",\"e\",\xff]", "[1,2,\"t\",\"e\",\v1]",
		},
		"not UTF-8": {
			"[1,2,\"\xff\",\"e\",{}]", "[1,2,\"t\",\"\xc0\x80\",{}]", "[1,2,\"t\",\"e\",\"\xed\xa0\x80\"]",
			"[1,2,\"t\",\"e\",{\"\xe2\x82\":1}]", "[1,2,\"t\",\"e\",{},\"\x80\"]",
		},
		"not an array":         {``, ` `, `{}`, `null`, `"x"`, `not json`},
		"fewer than five":      {`[]`, `[ ]`, `[1]`, `[1,2,"t","e"]`},
		"topic or event":       {`[1,2,null,"e",{}]`, `[1,2,"t",3,{}]`, `[1,2,["t"],"e",{}]`},
		"a ref is neither":     {`[true,2,"t","e",{}]`, `[1,false,"t","e",{}]`, `[[],2,"t","e",{}]`, `[1,{},"t","e",{}]`},
		"nested more than 128": {`[1,2,"t","e",` + strings.Repeat("[", 10000), `[1,2,"t","e",` + strings.Repeat(`{"a":`, 10000)},
	} {
		for _, frame := range frames {
			checkMalformed(t, phoenix.V2, frame, reason)
		}
	}
}

func TestTextMalformedV1(t *testing.T) {
	for reason, frames := range map[string][]string{
		"not JSON": {
			`{`, `{"`, `{"topic"`, `{"topic":`, `{"topic":1`, `{"topic":1,`, `{"topic" 1}`, `{"topic":1]`, `{topic:1}`, `{"a":1,}`,
			`{"topic":"t","event":"e","payload":{},"ref":1}}`,
		},
		"not UTF-8":     {"{\"\xff\":1}"},
		"not an object": {``, `[]`, `1`, `["1","2","t","e",{}]`},
		"is missing": {
			`{}`, `{ }`, `{"a":1}`,
			`{"event":"e","payload":{},"ref":1}`, `{"topic":"t","payload":{},"ref":1}`,
			`{"topic":"t","event":"e","ref":1}`, `{"topic":"t","event":"e","payload":{},"join_ref":1}`,
			`{"TOPIC":"t","event":"e","payload":{},"ref":1}`,
		},
		"topic or event":   {`{"topic":"t","topic":null,"event":"e","payload":{},"ref":1}`, `{"topic":"t","event":{},"payload":{},"ref":1}`},
		"a ref is neither": {`{"topic":"t","event":"e","payload":{},"ref":[]}`, `{"topic":"t","event":"e","payload":{},"ref":1,"join_ref":true}`},
	} {
		for _, frame := range frames {
			checkMalformed(t, phoenix.V1, frame, reason)
		}
	}
	checkMalformed(t, 3, `[1,2,"t","e",{}]`, "unknown version")
}

func checkMalformed(t *testing.T, v phoenix.Version, frame, reason string) {
	t.Helper()
	var d phoenix.Decoder
	var m phoenix.Message
	err := d.Text(v, []byte(frame), &m)
	if !errors.Is(err, phoenix.ErrMalformed) || !strings.Contains(err.Error(), reason) {
		t.Errorf("V%d %.60s: error %v, want %q", v, frame, err, reason)
	}
}

// TestTextDepth finds the limit where it is documented to be.
func TestTextDepth(t *testing.T) {
	frame := func(depth int, open, shut string) string {
		return `[1,2,"t","e",` + strings.Repeat(open, depth-1) + `0` + strings.Repeat(shut, depth-1) + `]`
	}
	for _, p := range [][2]string{{"[", "]"}, {`{"a":`, "}"}} {
		var d phoenix.Decoder
		var m phoenix.Message
		if err := d.Text(phoenix.V2, []byte(frame(phoenix.MaxDepth, p[0], p[1])), &m); err != nil {
			t.Errorf("depth %d: %v", phoenix.MaxDepth, err)
		}
		checkMalformed(t, phoenix.V2, frame(phoenix.MaxDepth+1, p[0], p[1]), "nested")
	}
}

// TestDecoderReuse checks that nothing of a frame leaks into the next one.
func TestDecoderReuse(t *testing.T) {
	var d phoenix.Decoder
	var m phoenix.Message
	long := strings.Repeat(`\u00e9`, 5000)
	for range 2 {
		if err := d.Text(phoenix.V1, []byte(`{"join_ref":1,"ref":2,"topic":"`+long+`","event":"`+long+`","payload":1}`), &m); err != nil {
			t.Fatal(err)
		}
		if want := strings.Repeat("é", 5000); string(m.Topic) != want || string(m.Event) != want {
			t.Error("long names differ")
		}
		if err := d.Binary([]byte("\x00\x01\x02\x01\x0117\ntedata"), &m); err != nil {
			t.Fatal(err)
		}
		if got, want := show(&m), `"1" "7\n" "t" "e" data true`; got != want {
			t.Errorf("binary: got %s, want %s", got, want)
		}
		if err := d.Text(phoenix.V2, []byte(`[null,null,"a\tb","c\td",{}]`), &m); err != nil {
			t.Fatal(err)
		}
		if got, want := show(&m), `- - "a\tb" "c\td" {} false`; got != want {
			t.Errorf("text: got %s, want %s", got, want)
		}
	}
}

func TestHeartbeat(t *testing.T) {
	for frame, want := range map[string]bool{
		`[null,"1","phoenix","heartbeat",{}]`:       true,
		`[null,"1","ph\u006fenix","heartbeat",{}]`:  true,
		`["1","1","phoenix","heartbeat",{"any":1}]`: true,
		`[null,"1","phoenix","heartbeats",{}]`:      false,
		`[null,"1","room:1","heartbeat",{}]`:        false,
	} {
		var d phoenix.Decoder
		var m phoenix.Message
		if err := d.Text(phoenix.V2, []byte(frame), &m); err != nil {
			t.Fatal(err)
		}
		if m.Heartbeat() != want {
			t.Errorf("%s: %t", frame, !want)
		}
	}
}
