package gateway_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"throng/internal/gateway/gatewaytest"
	"throng/test/tries"
)

// handshake is a good one whose lines can be replaced and added to.
func handshake(old, new string) string {
	good := "GET " + socketPath + " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + gatewaytest.Key + "\r\n\r\n"
	if !strings.Contains(good, old) {
		panic(old)
	}
	return strings.Replace(good, old, new, 1)
}

const endOfHead = "\r\n\r\n"

// refusals are requests and the status of their answers.
var refusals = []struct {
	name, request string
	status        int
	body          string // empty: any
}{
	{"HTTP/1.0", handshake("HTTP/1.1", "HTTP/1.0"), 400, ""},
	{"HTTP/2.0", handshake("HTTP/1.1", "HTTP/2.0"), 505, ""},
	{"no version", handshake(" HTTP/1.1", ""), 400, ""},
	{"no Host", handshake("Host: localhost\r\n", ""), 400, ""},
	{"two Hosts", handshake("Host: localhost", "Host: localhost\r\nHost: evil"), 400, ""},
	{"no Connection", handshake("Connection: Upgrade\r\n", ""), 400, ""},
	{"no key", handshake("Sec-WebSocket-Key: "+gatewaytest.Key+"\r\n", ""), 400, ""},
	{"short key", handshake(gatewaytest.Key, "c2hvcnQ="), 400, ""},
	{"two keys", handshake(endOfHead, "\r\nSec-WebSocket-Key: "+gatewaytest.Key+endOfHead), 400, ""},
	{"no version of the protocol", handshake("Sec-WebSocket-Version: 13\r\n", ""), 426, ""},
	{"old version of the protocol", handshake("Version: 13", "Version: 8"), 426, ""},
	{"two versions of the protocol", handshake(endOfHead, "\r\nSec-WebSocket-Version: 13"+endOfHead), 400, ""},
	{"two origins", handshake(endOfHead, "\r\nOrigin: http://a\r\nOrigin: http://b"+endOfHead), 400, ""},
	{"folded header", handshake(endOfHead, "\r\nX: a\r\n b"+endOfHead), 400, ""},
	{"blank before the colon", handshake("Host:", "Host :"), 400, ""},
	{"control character", handshake(endOfHead, "\r\nX: \x01"+endOfHead), 400, ""},
	{"with a body", handshake(endOfHead, "\r\nContent-Length: 3"+endOfHead+"abc"), 400, ""},
	{"with a chunked body", handshake(endOfHead, "\r\nTransfer-Encoding: chunked"+endOfHead+"0\r\n\r\n"), 400, ""},
	{"fragment", handshake("vsn=2.0.0", "vsn=2.0.0#x"), 400, ""},
	{"2,000 headers", handshake(endOfHead, "\r\n"+strings.Repeat("a:b\r\n", 2000)+"\r\n"), 431, ""},
	{"2,000 headers, no upgrade", "GET /no HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("a:b\r\n", 2000) + "\r\n", 404, ""},
	{"30 kB of blanks", handshake("Host: ", "Host: "+strings.Repeat(" ", 30<<10)), 431, ""},
	{"30 kB of blanks and no end", strings.Repeat(" ", 30<<10), 431, ""},
	{"30 kB of empty lines", strings.Repeat("\n", 30<<10), 431, ""},
	{"unknown path", handshake("/socket/websocket", "/other"), 404, ""},
	{"path that must be decoded", handshake("/socket/", "/socket%2f"), 404, ""},
	{"vsn that can't be read", handshake("2.0.0", "%zz"), 403, "-"},
	{"unknown vsn", handshake("2.0.0", "3.0.0"), 403, "-"},
	{"unknown subprotocol", handshake(endOfHead, "\r\nSec-WebSocket-Protocol: other"+endOfHead), 403, "-"},
	{"not an upgrade", "GET " + socketPath + " HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", 400, `'connection' header must contain 'upgrade', got ["keep-alive"]` + "\n"},
	{"not an upgrade, without a word", "GET " + socketPath + " HTTP/1.1\r\nHost: a\r\n\r\n", 400, `'connection' header must contain 'upgrade', got []` + "\n"},
	{"another upgrade", handshake("websocket\r\n", "h2c\r\n"), 400, `'upgrade' header must contain 'websocket', got ["h2c"]` + "\n"},
	{"POST", "POST " + socketPath + " HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi", 400, "-"},
	{"POST that asks for an upgrade", handshake("GET", "POST"), 400, "-"},
	{"POST elsewhere", "POST /no HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi", 404, ""},
	{"no request at all", "what\r\n\r\n", 400, ""},
}

// A Phoenix client's token comes in either base64, padded or not.
func TestTokenProtocol(t *testing.T) {
	s := start(t, "auto")
	for _, token := range []string{"dG9rZW4", "dG9r+W4", "dG9r/W4", "dG9r_-4", "dG9rZW4="} {
		c := gatewaytest.Dial(t, s.Addr())
		c.Raw([]byte(handshake(endOfHead, "\r\nSec-WebSocket-Protocol: phoenix, base64url.bearer.phx."+token+endOfHead)))
		status, h, _ := c.Response("GET")
		if status != 101 || h.Get("Sec-WebSocket-Protocol") != "phoenix" {
			t.Errorf("%s: %d %q", token, status, h.Get("Sec-WebSocket-Protocol"))
		}
	}
}

// What can't become HTTP is told so without waiting for the deadline.
func TestNotHTTP(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, kind string) {
		s := start(t, kind)
		for _, hello := range []string{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "\x00", "\xff\xfe"} {
			c := gatewaytest.Dial(t, s.Addr())
			c.Raw([]byte(hello))
			if status, _, _ := c.Response("GET"); status != 400 {
				t.Errorf("%q: status %d", hello, status)
			}
		}
	})
}

func TestRefusals(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, kind string) {
		s := start(t, kind)
		for _, test := range refusals {
			t.Run(test.name, func(t *testing.T) {
				c := gatewaytest.Dial(t, s.Addr())
				c.Raw([]byte(test.request))
				status, h, body := c.Response("GET")
				if status != test.status {
					t.Errorf("status %d, want %d: %s", status, test.status, body)
				}
				if test.body == "-" && body != "" || len(test.body) > 1 && body != test.body {
					t.Errorf("body %q, want %q", body, test.body)
				}
				if status == 426 && h.Get("Sec-WebSocket-Version") != "13" {
					t.Errorf("426 without the version: %v", h)
				}
				c.Close()
			})
		}
		s.Empty(t)
	})
}

// TestKeptAlive: a connection that net/http has answered may still upgrade.
func TestKeptAlive(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, kind string) {
		s := start(t, kind)
		c := gatewaytest.Dial(t, s.Addr())
		for range 3 {
			c.Raw([]byte("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n"))
			if status, _, _ := c.Response("GET"); status != 404 {
				t.Fatalf("status %d", status)
			}
		}
		c.Upgrade(socketPath)
		talk(t, c)
		eventually(t, "one connection is counted", func() bool { return s.Engine().Connections() == 1 })
		c.Bye()
		s.Empty(t)
	})
}

// TestKeptAliveRefusals: the door judges such an upgrade like any other.
func TestKeptAliveRefusals(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, kind string) {
		s := start(t, kind)
		for _, test := range refusals {
			// Where net/http reads first it has its own words for the same.
			if test.status == 431 || test.status == 505 || strings.Contains(test.name, "version") && test.status == 400 {
				continue
			}
			switch test.name {
			case "folded header": // net/http unfolds it
				continue
			}
			t.Run(test.name, func(t *testing.T) {
				c := gatewaytest.Dial(t, s.Addr())
				c.Raw([]byte("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n"))
				c.Response("GET")
				c.Raw([]byte(test.request))
				if status, _, body := c.Response("GET"); status != test.status {
					t.Errorf("status %d, want %d: %s", status, test.status, body)
				}
				c.Close()
			})
		}
		s.Empty(t)
	})
}

// TestPipelined: requests, an upgrade and frames in one segment.
func TestPipelined(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, kind string) {
		s := start(t, kind)
		for _, before := range []int{0, 1, 2} {
			c := gatewaytest.Dial(t, s.Addr())
			var b []byte
			for range before {
				b = append(b, "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n"...)
			}
			b = append(b, handshake("", "")...)
			b = append(b, c.Frame(1, []byte(beat))...)
			b = append(b, c.Frame(1, []byte(join))...)
			c.Raw(b[:len(b)-3]) // the last frame is cut
			for range before {
				c.Response("GET")
			}
			c.Upgraded()
			c.Expect(beaten)
			c.Raw(b[len(b)-3:])
			c.Expect(joined)
			c.Bye()
		}
		s.Empty(t)
	})
}

// TestPipelinedMuch: more than a loop reads at once comes back from net/http.
func TestPipelinedMuch(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, kind string) {
		s := start(t, kind)
		c := gatewaytest.Dial(t, s.Addr())
		b := []byte("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n" + handshake("", ""))
		const beats = 3000
		for range beats {
			b = append(b, c.Frame(1, []byte(beat))...)
		}
		go c.Write(b)
		c.Response("GET")
		c.Upgraded()
		for range beats {
			c.Expect(beaten)
		}
		c.Bye()
	})
}

// TestBody: the body of a request reaches net/http whole, wherever it was cut.
func TestBody(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, kind string) {
		s := start(t, kind)
		for _, cut := range []int{1, 40, 60, 100} {
			c := gatewaytest.Dial(t, s.Addr())
			b := []byte(fmt.Sprintf("POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", 100, strings.Repeat("b", 100)))
			c.Raw(b[:cut])
			time.Sleep(2 * time.Millisecond)
			c.Raw(append(b[cut:], "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n"...))
			for range 2 {
				if status, _, _ := c.Response("POST"); status != 404 {
					t.Errorf("cut at %d: status %d", cut, status)
				}
			}
			c.Close()
		}
		s.Empty(t)
	})
}

func TestSlowHead(t *testing.T) {
	t.Parallel()
	gatewaytest.EachFront(t, func(t *testing.T, kind string) {
		s := impatient(t, kind)
		head := handshake("", "")
		t.Run("in time", func(t *testing.T) {
			s := start(t, kind)
			c := gatewaytest.Dial(t, s.Addr())
			for i := range len(head) {
				c.Raw([]byte{head[i]})
			}
			c.Upgraded()
			c.Bye()
		})
		t.Run("too late", func(t *testing.T) {
			c := gatewaytest.Dial(t, s.Addr())
			go func() {
				for i := range len(head) - 1 {
					if _, err := c.Write([]byte{head[i]}); err != nil {
						return
					}
					time.Sleep(20 * time.Millisecond)
				}
			}()
			if status, _, _ := c.Response("GET"); status != 408 {
				t.Errorf("status %d", status)
			}
			c.Close()
		})
		t.Run("nothing", func(t *testing.T) {
			c := gatewaytest.Dial(t, s.Addr())
			if status, _, _ := c.Response("GET"); status != 408 {
				t.Errorf("status %d", status)
			}
			c.Closed()
		})
		t.Run("body", func(t *testing.T) {
			c := gatewaytest.Dial(t, s.Addr())
			c.Raw([]byte("POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab"))
			c.Closed()
		})
		t.Run("half", func(t *testing.T) {
			c := gatewaytest.Dial(t, s.Addr())
			c.Raw([]byte(head[:50]))
			c.Close()
		})
		s.Empty(t)
	})
}

// TestSlowFrame: a message that has begun must end.
func TestSlowFrame(t *testing.T) {
	t.Parallel()
	gatewaytest.EachFront(t, func(t *testing.T, kind string) {
		s := impatient(t, kind)
		for _, path := range []string{socketPath, "/echo"} {
			for name, begun := range map[string]string{
				"half a header":           "\x81",
				"most of a header":        "\x81\xfe\x00",
				"a header":                "\x01\x85\x01\x02\x03\x04",
				"a part of the payload":   "\x81\xfe\x01\x00\x00\x00\x00\x00 ",
				"a fragment":              "\x01\x80\x01\x02\x03\x04",
				"a fragment, then a ping": "\x01\x80\x01\x02\x03\x04\x89\x80\x01\x02\x03\x04",
			} {
				t.Run(name+" to "+path, func(t *testing.T) {
					t.Parallel()
					slowFrame(t, impatientlyConnect(t, s, path), begun)
				})
			}
		}
		t.Run("whole messages in pieces are fine for ever", func(t *testing.T) {
			t.Parallel()
			tries.Longer(t, brisk, func(t testing.TB, unit time.Duration) {
				c := gatewaytest.Connect(t, impatientBy(t, kind, unit).Addr(), socketPath)
				for range 20 { // for longer than one may take
					f := c.Frame(1, []byte(beat))
					c.Raw(f[:7])
					time.Sleep(unit / 8)
					c.Raw(f[7:])
					c.Expect(beaten)
				}
				c.Bye()
			})
		})
	})
}

// slowFrame begins a message and looks alive.
func slowFrame(t *testing.T, c *gatewaytest.Client, begun string) {
	c.Raw([]byte(begun))
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
			if strings.HasSuffix(begun, " ") {
				_, _ = c.Write([]byte(" "))
			}
		}
	})
	if code, reason := c.CloseCode(); code != 1002 || reason != "message took too long" {
		t.Errorf("closed with %d %s", code, reason)
	}
	close(done)
	wg.Wait()
	c.Close()
}

func TestUnixSocket(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		dir, err := os.MkdirTemp("", "gw") // t.TempDir may be longer than a socket's path may be
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		path := filepath.Join(dir, "s")
		o := gatewaytest.Options(kind)
		o.Config.Listen = []string{"unix:" + path}
		s := gatewaytest.Start(t, o)
		addr := &net.UnixAddr{Name: path, Net: "unix"}
		c := gatewaytest.Dial(t, addr)
		c.Raw([]byte("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n"))
		c.Response("GET")
		c.Upgrade(socketPath)
		talk(t, c)
		c.Bye()
		other := gatewaytest.Connect(t, addr, socketPath)
		talk(t, other)
		other.Bye()
		s.Stop(t)
	})
}

// TestHalfClose: who closes its direction before the answer still gets it.
func TestHalfClose(t *testing.T) {
	gatewaytest.EachFront(t, func(t *testing.T, kind string) {
		s := start(t, kind)
		c := gatewaytest.Dial(t, s.Addr())
		c.Raw([]byte(handshake("2.0.0", "9.0.0")))
		_ = c.Conn.(interface{ CloseWrite() error }).CloseWrite()
		if status, _, _ := c.Response("GET"); status != 403 {
			t.Errorf("status %d", status)
		}
		if n, err := io.Copy(io.Discard, c); n != 0 || err != nil {
			t.Errorf("%d bytes, %v", n, err)
		}
		s.Empty(t)
	})
}
