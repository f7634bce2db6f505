package phoenix_test

import (
	"errors"
	"strings"
	"testing"

	"throng/internal/protocol/phoenix"
)

func TestBinary(t *testing.T) {
	for in, want := range map[string]string{
		"\x00\x01\x01\x06\x0412room:becho\x01\x02\x03": `"1" "2" "room:b" "echo" ` + "\x01\x02\x03 true",
		"\x00\x00\x00\x00\x00":                         `- - "" ""  true`,
		"\x00\x00\x02\x01\x01\"\\te":                   `- "\"\\" "t" "e"  true`,
		"\x00\x02\x03\x02\x01ß日éex":                    `"ß" "日" "é" "e" x true`,
		"\x00\x01\x04\x02\x01ß日ée":                     ``, // lengths that cut ß in two
	} {
		var d phoenix.Decoder
		var m phoenix.Message
		err := d.Binary([]byte(in), &m)
		switch {
		case want == "":
			if !errors.Is(err, phoenix.ErrMalformed) {
				t.Errorf("%q: error %v", in, err)
			}
		case err != nil:
			t.Errorf("%q: %v", in, err)
		case show(&m) != want:
			t.Errorf("%q:\n got %q\nwant %q", in, show(&m), want)
		}
	}
}

func TestBinaryMalformed(t *testing.T) {
	for in, reason := range map[string]string{
		"":                               "shorter",
		"\x00":                           "shorter",
		"\x00\x00\x00\x00":               "shorter",
		"\x00\x01\x01\x01\x01abc":        "shorter",
		"\x00\xff\xff\xff\xff":           "shorter",
		"\x01":                           "unknown kind",
		"\x01\x01\x01\x06\x021":          "unknown kind",
		"\x09\x09":                       "unknown kind",
		"\x00\x00\x00\x01\x01\xffe":      "UTF-8",
		"\x00\x00\x00\x01\x01t\xc3":      "UTF-8",
		"\x00\x01\x00\x01\x01\xffte":     "UTF-8",
		"\x00\x00\x01\x01\x01\xffte":     "UTF-8",
		"\x00\x00\x00\x01\x01\xc3\xa9ok": "UTF-8", // valid only in one piece
	} {
		var d phoenix.Decoder
		var m phoenix.Message
		err := d.Binary([]byte(in), &m)
		if !errors.Is(err, phoenix.ErrMalformed) || !strings.Contains(err.Error(), reason) {
			t.Errorf("%q: error %v, want %q", in, err, reason)
		}
	}
}

// TestBinaryRefEqualsText: a client may join in text and push in bytes.
func TestBinaryRefEqualsText(t *testing.T) {
	var text, binary phoenix.Decoder
	var a, b phoenix.Message
	if err := text.Text(phoenix.V2, []byte(`["17","18","t","e",{}]`), &a); err != nil {
		t.Fatal(err)
	}
	if err := binary.Binary([]byte("\x00\x02\x02\x01\x011718te"), &b); err != nil {
		t.Fatal(err)
	}
	if string(a.JoinRef) != string(b.JoinRef) || string(a.Ref) != string(b.Ref) {
		t.Errorf("text %s %s, binary %s %s", a.JoinRef, a.Ref, b.JoinRef, b.Ref)
	}
}

func TestAppendBinary(t *testing.T) {
	data := []byte{1, 2, 3}
	for _, tt := range []struct{ got, want string }{
		// a reply captured from a Phoenix server
		{string(phoenix.AppendBinaryReply(nil, []byte(`"1"`), []byte(`"2"`), "room:b", "ok", data)), "\x01\x01\x01\x06\x0212room:bok\x01\x02\x03"},
		{string(phoenix.AppendBinaryReply([]byte("x"), nil, []byte(`51`), "t", "error", nil)), "x\x01\x00\x02\x01\x0551terror"},
		{string(phoenix.AppendBinaryReply(nil, []byte(`"a\n\u00e9"`), []byte(`""`), "t", "ok", data)), "\x01\x04\x00\x01\x02a\nétok\x01\x02\x03"},
		{string(phoenix.AppendBinaryPush(nil, []byte(`"13"`), "t", "e", data)), "\x00\x02\x01\x0113te\x01\x02\x03"},
		{string(phoenix.AppendBinaryBroadcast(nil, "room:b", "new_msg", data)), "\x02\x06\x07room:bnew_msg\x01\x02\x03"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}

func TestBinaryFits(t *testing.T) {
	fit, big := strings.Repeat("x", 255), strings.Repeat("x", 256)
	quoted := func(s string) []byte { return []byte(`"` + s + `"`) }
	escaped := quoted(strings.Repeat(`\u0078`, 255))
	data := []byte("data")
	for _, tt := range []struct {
		joinRef, ref []byte
		topic, event string
		fits         bool
	}{
		{quoted(fit), quoted(fit), fit, fit, true},
		{escaped, []byte(strings.Repeat("1", 255)), "", "", true},
		{quoted(big), nil, "t", "e", false},
		{nil, []byte(strings.Repeat("1", 256)), "t", "e", false},
		{nil, quoted(strings.Repeat(`\u0078`, 256)), "t", "e", false},
		{nil, nil, big, "e", false},
		{nil, nil, "t", big, false},
	} {
		if got := phoenix.BinaryFits(tt.joinRef, tt.ref, tt.topic, tt.event); got != tt.fits {
			t.Errorf("%.20s %.20s %.20s %.20s: %t", tt.joinRef, tt.ref, tt.topic, tt.event, got)
		}
		got := phoenix.AppendBinaryReply([]byte("kept"), tt.joinRef, tt.ref, tt.topic, tt.event, data)
		if fits := string(got) != "kept"; fits != tt.fits {
			t.Errorf("reply: appended %d bytes", len(got)-len("kept"))
		}
	}
	if got := phoenix.AppendBinaryPush(nil, nil, big, "e", data); got != nil {
		t.Error("a push was appended that doesn't fit")
	}
	if got := phoenix.AppendBinaryBroadcast(nil, "t", big, data); got != nil {
		t.Error("a broadcast was appended that doesn't fit")
	}
}
