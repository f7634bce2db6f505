package gateway_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"throng/internal/gateway"
)

// quoted is what encoding/json makes of a string.
func quoted(t testing.TB, s string) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func checkPollBody(t testing.TB, messages [][]byte, most int) {
	t.Helper()
	body, taken := gateway.PollBody([]byte("before"), 200, "T", messages, most)
	if (taken == 0) != (len(messages) == 0) || taken > len(messages) {
		t.Fatalf("%d of %d taken", taken, len(messages))
	}
	var want []string
	for _, m := range messages[:taken] {
		want = append(want, quoted(t, string(m)))
	}
	all := strings.Join(want, ",")
	if string(body) != `before{"status":200,"token":"T","messages":[`+all+`]}` {
		t.Fatalf("got  %q\nwant %s", body, all)
	}
	if taken > 1 && len(all) > most {
		t.Errorf("%d bytes of messages, %d allowed", len(all), most)
	}
	if taken < len(messages) && len(all)+1+len(quoted(t, string(messages[taken]))) <= most {
		t.Errorf("%d taken of %d bytes, there was room for one more in %d", taken, len(all), most)
	}
}

func TestPollBody(t *testing.T) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	for _, m := range []string{
		"", "a", `["1","2","room:1","e",{"a":"\u00e9"}]`, string(every), "<script>&amp;</script>", "é✓😀", "\u2028\u2029\u2027\ufffd",
		"\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc0\x80", "a\xff", "\xe2\x82", "\x7f", "\xe2\x80\xa8\xe2\x80",
	} {
		checkPollBody(t, [][]byte{[]byte(m)}, 0)
	}
	var many [][]byte
	for i := range 20 {
		many = append(many, []byte(strings.Repeat(`"`, i)))
	}
	for most := range 500 {
		checkPollBody(t, many, most)
	}
	checkPollBody(t, nil, 10)
	if body, _ := gateway.PollBody(nil, 410, "", nil, 0); string(body) != `{"status":410,"token":null,"messages":[]}` {
		t.Errorf("%s", body)
	}
}

func FuzzPollBody(f *testing.F) {
	f.Add([]byte("[1,\"2\"]\n\xff\x00\u2028"), 10)
	f.Fuzz(func(t *testing.T, all []byte, most int) {
		messages := bytes.Split(all, []byte("\n"))
		checkPollBody(t, messages, most)
		body, taken := gateway.PollBody(nil, 204, "", messages, most)
		var a answer
		if err := json.Unmarshal(body, &a); err != nil || a.Status != 204 || len(a.Messages) != taken {
			t.Fatalf("%q: %v", body, err)
		}
		for i, m := range a.Messages {
			if utf8.Valid(messages[i]) && m != string(messages[i]) {
				t.Fatalf("%q became %q", messages[i], m)
			}
		}
	})
}

func FuzzPollToken(f *testing.F) {
	f.Add(strings.Repeat("A", 35))
	f.Add("AAAAAAAAAAAAA-lWw9R4MRC92M30aHtJvH0")
	f.Add(strings.Repeat("A", 34) + "\n")
	f.Fuzz(func(t *testing.T, s string) {
		again, ok := gateway.ReparseToken(s)
		if ok != (again == s) {
			t.Fatalf("%q, read as %q: %t", s, again, ok)
		}
		if b, err := base64.RawURLEncoding.DecodeString(s); ok && (err != nil || len(b) != 26) {
			t.Fatalf("%q: %d bytes, %v", s, len(b), err)
		}
	})
}

func TestLines(t *testing.T) {
	for _, test := range []struct {
		body string
		want []gateway.Line
	}{
		{"", nil},
		{"\n\r\n\r\r\n", nil},
		{"[1]", []gateway.Line{{Data: "[1]"}}},
		{"[1]\n{}\r\n[2]\n", []gateway.Line{{Data: "[1]"}, {Data: "{}"}, {Data: "[2]"}}},
		{"AAEC", []gateway.Line{{Data: "\x00\x01\x02", Binary: true}}},
		{"AAE=\n[", []gateway.Line{{Data: "\x00\x01", Binary: true}, {Data: "["}}},
		{"AAE", []gateway.Line{{Data: "", Binary: true, Bad: true}}},
		{" [1]", []gateway.Line{{Data: "", Binary: true, Bad: true}}},
	} {
		if got := gateway.Lines([]byte(test.body)); !slices.Equal(got, test.want) {
			t.Errorf("%q: %+v", test.body, got)
		}
	}
	if n := len(gateway.Lines(bytes.Repeat([]byte("[]\n"), 101))); n != 100 {
		t.Errorf("%d lines", n)
	}
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("[1]\nAAE=\r\n\r\n{}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		was := string(body)
		all := gateway.Lines(body)
		var want []string
		for line := range strings.SplitSeq(was, "\n") {
			line = strings.TrimLeft(line, "\r")
			if line = strings.TrimSuffix(line, "\r"); line != "" {
				want = append(want, line)
			}
		}
		if len(all) != min(len(want), 100) {
			t.Fatalf("%d messages, want %d", len(all), len(want))
		}
		for i, m := range all {
			if m.Binary == (want[i][0] == '[' || want[i][0] == '{') || !m.Binary && m.Data != want[i] {
				t.Fatalf("%q became %+v", want[i], m)
			}
			if m.Binary && !m.Bad && base64.StdEncoding.EncodeToString([]byte(m.Data)) != strings.ReplaceAll(want[i], "\r", "") {
				t.Skip("spare bits") // which the decoder does not look at
			}
		}
	})
}

func BenchmarkPollBody(b *testing.B) {
	for _, size := range []int{128, 1024} {
		b.Run(fmt.Sprintf("%dx100", size), func(b *testing.B) {
			m := []byte(`[null,43,"hist:lobby","msg",{"user":"ann","text":"`)
			for len(m) < size-3 {
				m = append(m, `words and `...)
			}
			m = append(m, `"}]`...)
			messages := slices.Repeat([][]byte{m}, 100)
			b.SetBytes(int64(100 * len(m)))
			b.ReportAllocs()
			var body []byte
			for b.Loop() {
				body, _ = gateway.PollBody(body[:0], 200, "token", messages, 1<<20)
			}
		})
	}
}

// BenchmarkLinesOfNothing is a body of newlines as large as bodies may be.
func BenchmarkLinesOfNothing(b *testing.B) {
	body := bytes.Repeat([]byte("\n"), 8<<20)
	b.ReportAllocs()
	for b.Loop() {
		gateway.Lines(body)
	}
}

// BenchmarkLongPoll is a heartbeat and its answer: two requests over one kept-alive
// connection, the client's work included.
func BenchmarkLongPoll(b *testing.B) {
	p := connect(b, start(b, "auto"))
	b.ReportAllocs()
	for b.Loop() {
		p.push(beat)
		p.expect(beaten)
	}
}
