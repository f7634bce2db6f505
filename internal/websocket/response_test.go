package websocket_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"throng/internal/websocket"
)

func TestAcceptKey(t *testing.T) {
	if got := websocket.AcceptKey([]byte("> "), []byte(sampleKey)); string(got) != "> s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		t.Errorf("%s", got) // the answer of RFC 6455 section 1.3
	}
}

func TestAppendResponse(t *testing.T) {
	got := websocket.AppendResponse(nil, []byte(sampleKey), "chat", "X-A: b", "X-C: d")
	want := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\nX-A: b\r\nX-C: d\r\n\r\n"
	if string(got) != want {
		t.Errorf("%q", got)
	}
}

// TestAppendRefusal lets net/http read every refusal.
func TestAppendRefusal(t *testing.T) {
	var he *websocket.HandshakeError
	var r websocket.Request
	if err := websocket.ParseRequest(with("Sec-WebSocket-Version"), &r); !errors.As(err, &he) {
		t.Fatal(err)
	}
	for _, c := range []struct {
		status int
		body   string
		header string
	}{{he.Status, he.Reason, he.Header}, {503, "", "Retry-After: 1"}, {418, "no phrase", "X-A: b"}} {
		b := websocket.AppendRefusal(nil, c.status, c.body, c.header)
		res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(b)), nil)
		if err != nil {
			t.Fatalf("%q: %v", b, err)
		}
		body, err := io.ReadAll(res.Body)
		if err != nil || string(body) != c.body || res.StatusCode != c.status || !res.Close || res.ContentLength != int64(len(c.body)) {
			t.Errorf("%q: body %q, %v", b, body, err)
		}
		for line := range strings.SplitSeq(c.header, "\r\n") {
			if head, _, _ := strings.Cut(string(b), "\r\n\r\n"); !strings.Contains(head+"\r\n", "\r\n"+line+"\r\n") {
				t.Errorf("%q lacks %q", b, line)
			}
		}
	}
}

// TestPhrases compares the reason phrases with those of net/http, whose name for
// 413 is older than RFC 9110.
func TestPhrases(t *testing.T) {
	for status := 400; status < 600; status++ {
		line, _, _ := strings.Cut(string(websocket.AppendRefusal(nil, status, "")), "\r\n")
		phrase := strings.TrimPrefix(line, fmt.Sprintf("HTTP/1.1 %d ", status))
		if phrase != "" && phrase != http.StatusText(status) && status != 413 {
			t.Errorf("%q, net/http %q", line, http.StatusText(status))
		}
	}
}

func TestClientHandshake(t *testing.T) {
	b := websocket.AppendClientRequest(nil, "localhost:8000", "/ws?a=b", []byte(sampleKey), "Origin: null", "Sec-WebSocket-Protocol: chat")
	var r websocket.Request
	if err := websocket.ParseRequest(b, &r); err != nil {
		t.Fatal(err)
	}
	if string(r.Host) != "localhost:8000" || string(r.Path) != "/ws" || string(r.Origin) != "null" {
		t.Errorf("%q %q %q", r.Host, r.Path, r.Origin)
	}
	if err := websocket.CheckResponse(websocket.AppendResponse(nil, r.Key, "chat"), []byte(sampleKey)); err != nil {
		t.Error(err)
	}
}

func TestCheckResponseRefuses(t *testing.T) {
	good := string(websocket.AppendResponse(nil, []byte(sampleKey), ""))
	for name, c := range map[string]struct {
		head   string
		status int
	}{
		"empty":           {"", 0},
		"no end":          {good[:len(good)-4], 0},
		"HTTP/1.0":        {strings.Replace(good, "1.1", "1.0", 1), 0},
		"refused":         {string(websocket.AppendRefusal(nil, 503, "")), 503},
		"200":             {strings.Replace(good, "101", "200", 1), 200},
		"not a status":    {strings.Replace(good, "101", "1xx", 1), 0},
		"no Upgrade":      {strings.Replace(good, "Upgrade: websocket\r\n", "", 1), 101},
		"other Upgrade":   {strings.Replace(good, "websocket", "h2c", 1), 101},
		"no Connection":   {strings.Replace(good, "Connection: Upgrade\r\n", "", 1), 101},
		"other answer":    {strings.Replace(good, "s3pP", "S3pP", 1), 101},
		"no answer":       {strings.Replace(good, "Accept", "Accepts", 1), 101},
		"two answers":     {strings.Replace(good, "\r\n\r\n", "\r\nSec-WebSocket-Accept: x\r\n\r\n", 1), 101},
		"extension":       {strings.Replace(good, "\r\n\r\n", "\r\nSec-WebSocket-Extensions: x\r\n\r\n", 1), 101},
		"header no token": {strings.Replace(good, "\r\n\r\n", "\r\nX A: b\r\n\r\n", 1), 101},
	} {
		err := websocket.CheckResponse([]byte(c.head), []byte(sampleKey))
		var he *websocket.HandshakeError
		if !errors.As(err, &he) || he.Status != c.status {
			t.Errorf("%s: %v, want status %d", name, err, c.status)
		}
	}
}
