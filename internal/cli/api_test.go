package cli_test

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"regexp"

	"github.com/rogpeppe/go-internal/testscript"

	"throng/internal/websocket"
)

// address finds where a server that logs JSON listens.
func address(ts *testscript.TestScript, log, listener string) string {
	b, err := os.ReadFile(ts.MkAbs(log))
	ts.Check(err)
	m := regexp.MustCompile(`"listener":"` + listener + `","address":"([^"]+)"`).FindSubmatch(b)
	if m == nil {
		ts.Fatalf("%s has no %s listener:\n%s", log, listener, b)
	}
	return string(m[1])
}

// internal LOG VARIABLE sets a variable to the address of a server's internal listener.
func internal(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: internal LOG VARIABLE")
	}
	ts.Setenv(args[1], "http://"+address(ts, args[0], "internal"))
}

// visit LOG USER CHANNEL joins a channel of a development server, until the script ends.
func visit(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: visit LOG USER CHANNEL")
	}
	c, err := net.Dial("tcp", address(ts, args[0], "public"))
	ts.Check(err)
	ts.Defer(func() { _ = c.Close() })
	target := "/socket/websocket?vsn=2.0.0&user_id=" + url.QueryEscape(args[1])
	_, err = c.Write(websocket.AppendClientRequest(nil, "localhost", target, []byte("dGhlIHNhbXBsZSBub25jZQ==")))
	ts.Check(err)
	join := fmt.Sprintf(`["1","1",%q,"phx_join",{}]`, args[2])
	have, joined := []byte{}, regexp.MustCompile(`"status":"ok"`)
	buf := make([]byte, 4096)
	for sent := false; !joined.Match(have); {
		n, err := c.Read(buf)
		ts.Check(err)
		have = append(have, buf[:n]...)
		if !sent && websocket.HeadEnd(have, 0) > 0 {
			_, err = c.Write(websocket.AppendMaskedFrame(nil, websocket.OpText, [4]byte{1, 2, 3, 4}, []byte(join)))
			ts.Check(err)
			sent = true
		}
	}
}
