package websocket_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"throng/internal/websocket"
)

const sampleKey = "dGhlIHNhbXBsZSBub25jZQ==" // RFC 6455 section 1.3

// sample is a handshake as browsers send it, one line each.
func sample() []string {
	return []string{
		"GET /chat?room=1&x=%20 HTTP/1.1",
		"Host: server.example.com:8000",
		"Connection: keep-alive, Upgrade",
		"Pragma: no-cache",
		"Upgrade: websocket",
		"Origin: http://example.com",
		"Sec-WebSocket-Version: 13",
		"Sec-WebSocket-Key: " + sampleKey,
		"Sec-WebSocket-Protocol: chat, superchat",
		"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
	}
}

func head(lines []string) []byte { return []byte(strings.Join(lines, "\r\n") + "\r\n\r\n") }

// with returns the sample without the header, and with the lines added.
func with(without string, add ...string) []byte {
	lines := slices.DeleteFunc(sample(), func(line string) bool {
		return without != "" && strings.HasPrefix(line, without+":")
	})
	return head(append(lines, add...))
}

// asked returns the sample with another request line.
func asked(line string) []byte {
	lines := sample()
	lines[0] = line
	return head(lines)
}

func TestParseRequest(t *testing.T) {
	var r websocket.Request
	b := with("", "Sec-WebSocket-Protocol: ,third\t,", "X-Empty:", "X-Blank: \t ")
	if err := websocket.ParseRequest(b, &r); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ got, want string }{
		"path":   {string(r.Path), "/chat"},
		"query":  {string(r.Query), "room=1&x=%20"},
		"host":   {string(r.Host), "server.example.com:8000"},
		"origin": {string(r.Origin), "http://example.com"},
		"key":    {string(r.Key), sampleKey},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", name, c.got, c.want)
		}
	}
	if v, ok := r.Header("pRAGMA"); !ok || string(v) != "no-cache" {
		t.Errorf("Pragma: %q %v", v, ok)
	}
	for _, name := range []string{"X-Empty", "x-blank"} {
		if v, ok := r.Header(name); !ok || len(v) != 0 || v == nil {
			t.Errorf("%s: %q %v", name, v, ok)
		}
	}
	if _, ok := r.Header("X-Absent"); ok {
		t.Error("a header that was not sent")
	}
	var protocols, extensions []string
	for p := range r.Protocols {
		protocols = append(protocols, string(p))
	}
	for e := range r.Extensions {
		extensions = append(extensions, string(e))
	}
	if !slices.Equal(protocols, []string{"chat", "superchat", "third"}) {
		t.Errorf("protocols %q", protocols)
	}
	if !slices.Equal(extensions, []string{"permessage-deflate; client_max_window_bits"}) {
		t.Errorf("extensions %q", extensions)
	}
}

func TestIteratorsStop(t *testing.T) {
	var r websocket.Request
	if err := websocket.ParseRequest(with("", "Sec-WebSocket-Protocol: third", "Sec-WebSocket-Extensions: x"), &r); err != nil {
		t.Fatal(err)
	}
	n := 0
	for range r.Headers {
		n++
		break
	}
	for range r.Protocols {
		n++
		break
	}
	for range r.Extensions {
		n++
		break
	}
	if n != 3 {
		t.Errorf("%d rounds", n)
	}
}

func TestOrigin(t *testing.T) {
	var r websocket.Request
	if err := websocket.ParseRequest(with("Origin"), &r); err != nil || r.Origin != nil {
		t.Errorf("absent: %v, %q", err, r.Origin)
	}
	if err := websocket.ParseRequest(with("Origin", "Origin:"), &r); err != nil || r.Origin == nil || len(r.Origin) != 0 {
		t.Errorf("empty: %v, %q", err, r.Origin)
	}
}

func TestTargets(t *testing.T) {
	for target, want := range map[string]struct {
		host, path, query string
		noQuery           bool
	}{
		"/":                          {"server.example.com:8000", "/", "", true},
		"/a%2Fb":                     {"server.example.com:8000", "/a%2Fb", "", true},
		"/?":                         {"server.example.com:8000", "/", "", false},
		"/a?b?c":                     {"server.example.com:8000", "/a", "b?c", false},
		"/x?u=http://h/p":            {"server.example.com:8000", "/x", "u=http://h/p", false},
		"//twice":                    {"server.example.com:8000", "//twice", "", true},
		"ws://other:9/p?q":           {"other:9", "/p", "q", false},
		"WSS://other":                {"other", "/", "", true},
		"http://other?q":             {"other", "/", "q", false},
		"https://[::1]:8000/ws?a=/b": {"[::1]:8000", "/ws", "a=/b", false},
	} {
		var r websocket.Request
		if err := websocket.ParseRequest(asked("GET "+target+" HTTP/1.1"), &r); err != nil {
			t.Errorf("%s: %v", target, err)
			continue
		}
		if string(r.Host) != want.host || string(r.Path) != want.path || string(r.Query) != want.query || (r.Query == nil) != want.noQuery {
			t.Errorf("%s: host %q, path %q, query %q", target, r.Host, r.Path, r.Query)
		}
	}
}

func TestParseRequestRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		head   []byte
		status int
	}{
		"empty":                    {nil, 400},
		"blank line only":          {[]byte("\r\n\r\n"), 400},
		"no end":                   {head(sample())[:100], 400},
		"two heads":                {append(head(sample()), head(sample())...), 400},
		"blank line first":         {append([]byte("\r\n"), head(sample())...), 400},
		"POST":                     {asked("POST / HTTP/1.1"), 405},
		"get":                      {asked("get / HTTP/1.1"), 405},
		"no method":                {asked(" / HTTP/1.1"), 400},
		"two blanks":               {asked("GET  / HTTP/1.1"), 400},
		"tabs":                     {asked("GET\t/\tHTTP/1.1"), 400},
		"blank at the end":         {asked("GET / HTTP/1.1 "), 400},
		"HTTP/0.9":                 {asked("GET /"), 400},
		"HTTP/1.0":                 {asked("GET / HTTP/1.0"), 400},
		"HTTP/2.0":                 {asked("GET / HTTP/2.0"), 505},
		"HTTP/1.11":                {asked("GET / HTTP/1.11"), 400},
		"http/1.1":                 {asked("GET / http/1.1"), 400},
		"no target":                {asked("GET HTTP/1.1"), 400},
		"asterisk":                 {asked("GET * HTTP/1.1"), 400},
		"authority":                {asked("GET server:80 HTTP/1.1"), 400},
		"relative":                 {asked("GET chat HTTP/1.1"), 400},
		"fragment":                 {asked("GET /a#b HTTP/1.1"), 400},
		"raw UTF-8 in the target":  {asked("GET /ä HTTP/1.1"), 400},
		"NUL in the target":        {asked("GET /\x00 HTTP/1.1"), 400},
		"other scheme":             {asked("GET ftp://h/ HTTP/1.1"), 400},
		"no host in the target":    {asked("GET ws:///a HTTP/1.1"), 400},
		"user in the target":       {asked("GET ws://u@h/ HTTP/1.1"), 400},
		"no Host":                  {with("Host"), 400},
		"empty Host":               {with("Host", "Host:"), 400},
		"two Hosts":                {with("", "Host: server.example.com:8000"), 400},
		"Hosts in one":             {with("Host", "Host: a, b"), 400},
		"Host with a path":         {with("Host", "Host: a/b"), 400},
		"no Upgrade":               {with("Upgrade"), 400},
		"other Upgrade":            {with("Upgrade", "Upgrade: h2c"), 400},
		"no Connection":            {with("Connection"), 400},
		"other Connection":         {with("Connection", "Connection: keep-alive"), 400},
		"no version":               {with("Sec-WebSocket-Version"), 426},
		"version 8":                {with("Sec-WebSocket-Version", "Sec-WebSocket-Version: 8"), 426},
		"versions 8 and 13":        {with("Sec-WebSocket-Version", "Sec-WebSocket-Version: 8, 13"), 426},
		"version 013":              {with("Sec-WebSocket-Version", "Sec-WebSocket-Version: 013"), 426},
		"two versions":             {with("", "Sec-WebSocket-Version: 13"), 400},
		"no key":                   {with("Sec-WebSocket-Key"), 400},
		"two keys":                 {with("", "Sec-WebSocket-Key: "+sampleKey), 400},
		"empty key":                {with("Sec-WebSocket-Key", "Sec-WebSocket-Key:"), 400},
		"key of 15 bytes":          {with("Sec-WebSocket-Key", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j"), 400},
		"key of 18 bytes":          {with("Sec-WebSocket-Key", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZWFi"), 400},
		"key that is not base64":   {with("Sec-WebSocket-Key", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j!!=="), 400},
		"key in URL base64":        {with("Sec-WebSocket-Key", "Sec-WebSocket-Key: dGhlIHNhbXBs-SBub25j_Q=="), 400},
		"two Origins":              {with("", "Origin: http://example.com"), 400},
		"protocol no token":        {with("", "Sec-WebSocket-Protocol: a b"), 400},
		"protocol in quotes":       {with("", `Sec-WebSocket-Protocol: "a"`), 400},
		"body":                     {with("", "Content-Length: 5"), 400},
		"body of -0":               {with("", "Content-Length: -0"), 400},
		"chunked body":             {with("", "Transfer-Encoding: chunked"), 400},
		"folded line":              {with("", "X-A: b", " c"), 400},
		"folded first line":        {asked("GET / HTTP/1.1\r\n X-A: b"), 400},
		"blank before the colon":   {with("", "X-A : b"), 400},
		"no colon":                 {with("", "X-A"), 400},
		"no name":                  {with("", ": b"), 400},
		"name no token":            {with("", "X(A): b"), 400},
		"name with UTF-8":          {with("", "X-Ä: b"), 400},
		"NUL in a value":           {with("", "X-A: b\x00c"), 400},
		"bare LF":                  {with("", "X-A: b\nX-B: c"), 400},
		"bare CR":                  {with("", "X-A: b\rX-B: c"), 400},
		"CR before CRLF":           {with("", "X-A: b\r"), 400},
		"DEL in a value":           {with("", "X-A: b\x7f"), 400},
		"101 headers":              {with("", many(101-9)...), 431},
		"2,000 headers":            {with("", many(2000)...), 431},
		"30 kB of blanks, no name": {with("", strings.Repeat(" ", 30000)), 400},
	} {
		var r websocket.Request
		err := websocket.ParseRequest(c.head, &r)
		var he *websocket.HandshakeError
		switch {
		case !errors.As(err, &he):
			t.Errorf("%s: %v", name, err)
		case he.Status != c.status || he.Reason == "":
			t.Errorf("%s: %v, want status %d", name, err, c.status)
		case (he.Status == 426) != strings.Contains(he.Header, "Sec-WebSocket-Version: 13"):
			t.Errorf("%s: header %q", name, he.Header)
		}
	}
}

func many(n int) (lines []string) {
	for range n {
		lines = append(lines, "X-A: b")
	}
	return lines
}

func TestParseRequestAccepts(t *testing.T) {
	for name, b := range map[string][]byte{
		"100 headers":               with("", many(100-9)...),
		"lists over several lines":  with("Connection", "Connection: keep-alive", "cOnNeCtIoN: ,,UPGRADE"),
		"several upgrades":          with("Upgrade", "Upgrade: h2c,\tWebSocket"),
		"body of no length":         with("", "Content-Length: 0"),
		"Latin-1 in a value":        with("", "X-A: \xe4"),
		"30 kB of blanks":           with("", "X-A:"+strings.Repeat(" ", 30000)+"b"),
		"unused bits set in a key":  with("Sec-WebSocket-Key", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR=="),
		"no blank behind the colon": with("Host", "Host:a"),
		"IPv6":                      with("Host", "Host: [::1]:8000"),
	} {
		var r websocket.Request
		if err := websocket.ParseRequest(b, &r); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestIsUpgrade(t *testing.T) {
	for name, c := range map[string]struct {
		head []byte
		want bool
	}{
		"sample":            {head(sample()), true},
		"any case":          {with("Upgrade", "uPGRADE:WEBSOCKET"), true},
		"in a list":         {with("Upgrade", "Upgrade: h2c , websocket"), true},
		"second header":     {with("Upgrade", "Upgrade: h2c", "Upgrade: websocket"), true},
		"bad, but upgrade":  {with("Host"), true},
		"none":              {with("Upgrade"), false},
		"other":             {with("Upgrade", "Upgrade: websockets"), false},
		"Kelvin sign":       {with("Upgrade", "Upgrade: websoc\u212aet"), false},
		"in another header": {with("Upgrade", "X-Upgrade: websocket"), false},
		"in the target":     {[]byte("GET /Upgrade:websocket HTTP/1.1\r\n\r\n"), false},
		"empty":             {nil, false},
	} {
		if got := websocket.IsUpgrade(c.head); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestHeadEnd(t *testing.T) {
	h := head(sample())
	b := append(slices.Clone(h), "\r\n\r\nmore"...)
	if got := websocket.HeadEnd(b, 0); got != len(h) {
		t.Errorf("whole: %d, want %d", got, len(h))
	}
	for n := range len(h) {
		if got := websocket.HeadEnd(b[:n], 0); got != -1 {
			t.Fatalf("%d bytes: %d", n, got)
		}
		// What came since may complete a blank line that had begun.
		if got := websocket.HeadEnd(b, n); got != len(h) {
			t.Fatalf("searched up to %d: %d, want %d", n, got, len(h))
		}
	}
	if got := websocket.HeadEnd(b, len(b)+1000); got != -1 {
		t.Errorf("searched beyond the end: %d", got)
	}
	for _, b := range []string{"", "a\n\nb", "a\r\n\n\r\n", "a\r\n\r", "\r\r\n\n"} {
		if got := websocket.HeadEnd([]byte(b), 0); got != -1 {
			t.Errorf("%q: %d", b, got)
		}
	}
}
