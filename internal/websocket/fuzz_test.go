package websocket_test

import (
	"bufio"
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"throng/internal/websocket"
)

// FuzzReader: however the input is cut, and wherever the state is moved, the same
// is read.
func FuzzReader(f *testing.F) {
	for i, c := range autobahnCases() {
		if in := slices.Concat(c.in...); len(in) < 4096 {
			f.Add(in, uint64(i), uint16(1<<12), uint8(8), false)
		}
	}
	f.Add(websocket.AppendFrame(nil, websocket.OpText, []byte(umlauts)), uint64(1), uint16(100), uint8(1), true)
	f.Add(slices.Concat(frame(rsv1|text, hello[:3]), frame(fin|cont, hello[3:])), uint64(2), uint16(100), uint8(2), false)
	f.Fuzz(func(t *testing.T, in []byte, seed uint64, maxMessage uint16, maxFragments uint8, client bool) {
		lim := &websocket.Limits{MaxMessage: int(maxMessage), MaxFragments: int(maxFragments), Client: client, Deflate: seed&2 != 0}
		whole := feed(t, in, lim, inOne, false)
		for _, m := range whole.messages {
			if len(m.Data) > max(lim.MaxMessage, 125) {
				t.Fatalf("%d bytes with MaxMessage %d", len(m.Data), lim.MaxMessage)
			}
		}
		for how, next := range map[string]cutter{"bytewise": bytewise, "at random": atRandom(seed)} {
			if got := feed(t, in, lim, next, seed%2 == 0); !same(whole, got) {
				t.Fatalf("whole: %s; %s: %s", describe(whole.messages, whole.err.Code), how, describe(got.messages, got.err.Code))
			}
		}
	})
}

// FuzzRestoreState: what is accepted is what would be written, and a reader in
// that state goes on within its limits.
func FuzzRestoreState(f *testing.F) {
	f.Add(stateOf(f, frame(text, "Hellö\xf0\x9f")), frame(fin|cont, "\x8c\x8d!"))
	f.Add(stateOf(f, frame(fin|ping, "abcd")[:8]), []byte("rest"))
	f.Add(stateOf(f, packed(text, hello)[:9]), []byte(hello[3:]))
	f.Add(stateOf(f, append(frame(blob, "abcd"), frame(fin|ping, "abcd")[:8]...)), []byte("rest"))
	f.Fuzz(func(t *testing.T, state, in []byte) {
		var r websocket.Reader
		if err := r.RestoreState(state); err != nil {
			if r != (websocket.Reader{}) {
				t.Fatal("a refused state left something behind")
			}
			return
		}
		if again := r.AppendState(nil); !bytes.Equal(state, again) {
			t.Fatalf("restored %x, encodes as %x", state, again)
		}
		lim := &websocket.Limits{MaxMessage: 64, MaxFragments: 4, Deflate: true}
		for {
			m, n, ok, err := r.Next(in, lim)
			if err != nil || !ok {
				break
			}
			if len(m.Data) > 125 {
				t.Fatalf("%d bytes", len(m.Data))
			}
			in = in[n:]
		}
		r.Release()
	})
}

// FuzzParseRequest: what is accepted is understood by net/http in the same way.
func FuzzParseRequest(f *testing.F) {
	f.Add(head(sample()))
	f.Add(asked("GET ws://other:9/p?q HTTP/1.1"))
	f.Add(with("", "Content-Length: 0", "X-A:\t b "))
	f.Fuzz(func(t *testing.T, b []byte) {
		if end := websocket.HeadEnd(b, 0); end >= 0 {
			b = b[:end]
		}
		upgrade := websocket.IsUpgrade(b)
		var r websocket.Request
		if err := websocket.ParseRequest(b, &r); err != nil {
			var he *websocket.HandshakeError
			if !errors.As(err, &he) || he.Status < 400 || he.Status > 505 {
				t.Fatalf("%T %v", err, err)
			}
			return
		}
		if !upgrade || len(r.Path) == 0 || r.Path[0] != '/' || len(r.Host) == 0 || len(r.Key) != 24 {
			t.Fatalf("upgrade %v, path %q, host %q, key %q", upgrade, r.Path, r.Host, r.Key)
		}
		agrees(t, b, &r)
	})
}

// agrees compares with net/http's reading.
func agrees(t *testing.T, b []byte, r *websocket.Request) {
	t.Helper()
	target := strings.Split(string(b), " ")[1]
	if _, err := url.ParseRequestURI(target); err != nil {
		return // net/url decodes the target, which is not the codec's part
	}
	std, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(b)))
	if err != nil {
		t.Fatalf("net/http: %v", err)
	}
	if std.Host != string(r.Host) && !strings.Contains(std.Host+string(r.Host), "%") {
		t.Errorf("host %q, net/http %q", r.Host, std.Host)
	}
	if std.URL.RawQuery != string(r.Query) {
		t.Errorf("query %q, net/http %q", r.Query, std.URL.RawQuery)
	}
	if std.Header.Get("Sec-WebSocket-Key") != string(r.Key) {
		t.Errorf("key %q, net/http %q", r.Key, std.Header.Get("Sec-WebSocket-Key"))
	}
	for name, value := range r.Headers {
		values := std.Header.Values(string(name))
		if strings.EqualFold(string(name), "Host") { // net/http takes it out
			continue
		}
		if !slices.Contains(values, string(value)) {
			t.Errorf("%s: %q, net/http %q", name, value, values)
		}
	}
}
