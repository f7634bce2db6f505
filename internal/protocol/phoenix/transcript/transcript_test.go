package transcript_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"throng/internal/protocol/phoenix/transcript"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestParse(t *testing.T) {
	got, err := transcript.Parse(strings.NewReader(`a note before the first exchange

## one + two ?vsn=2.0.0&a[b]=c
UP 101 {"upgrade":"websocket","sec-websocket-protocol":"phoenix"}
> ["1","1","t","phx_join",{}]
< BIN 0206ff
ERR gave up
CLOSE 1006 
> a note

## default 
HTTP 403 "no"
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []transcript.Exchange{
		{
			Name: "one + two", Query: "vsn=2.0.0&a[b]=c", Status: 101, Protocol: "phoenix",
			Lines: []transcript.Line{
				{Dir: '>', Data: []byte(`["1","1","t","phx_join",{}]`)},
				{Dir: '<', Binary: true, Data: []byte{2, 6, 0xff}},
			},
			ClientError: "gave up", CloseCode: 1006,
		},
		{Name: "default", Status: 403},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v, want\n%+v", got, want)
	}
}

func TestParseErrors(t *testing.T) {
	for _, in := range []string{
		"## a ?\n> x\n",
		"## a ?\nUP 101 {}\n## b ?\nHTTP 403 \"\"\n",
		"## a ?\nUP yes {}\n",
		"## a ?\nUP 101 {\n",
		"## a ?\nHTTP no\n",
		"## a ?\nCLOSE\n",
		"## a ?\n> BIN 0g\n",
		"## a ?\nwhat\n",
	} {
		if _, err := transcript.Parse(strings.NewReader(in)); err == nil {
			t.Errorf("%q: no error", in)
		}
	}
}

// TestFiles keeps the recorded files readable, and pins what they hold.
func TestFiles(t *testing.T) {
	for file, lines := range map[string]int{"phoenix-1.7.txt": 81, "phoenix-1.8.txt": 78} {
		f, err := os.Open(filepath.Join("..", "testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		all, err := transcript.Parse(f)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		total, refused := 0, 0
		for _, x := range all {
			total += len(x.Lines)
			if x.Status == 403 {
				refused++
			}
		}
		if len(all) != 12 || refused != 3 || total != lines {
			t.Errorf("%s: %d exchanges, %d refused, %d lines", file, len(all), refused, total)
		}
	}
}
