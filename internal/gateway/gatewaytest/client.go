package gatewaytest

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"throng/internal/websocket"
)

// patience is how long a client waits for what must come.
const patience = 10 * time.Second

// Key is the handshake's example key of RFC 6455 section 1.3.
const Key = "dGhlIHNhbXBsZSBub25jZQ=="

// Client is a socket, and a WebSocket after Upgrade.
type Client struct {
	net.Conn
	t      testing.TB
	reader websocket.Reader
	rest   []byte // received, not yet taken
	buf    []byte
	mask   [4]byte
	// Deflate is what the handshake agreed on.
	Deflate websocket.Deflate
	// Received counts the bytes that came, those not yet looked at too.
	Received int
	offered  bool // Deflate was asked for
}

// Dial connects; the test's end closes.
func Dial(t testing.TB, addr net.Addr) *Client {
	t.Helper()
	return DialBehind(t, addr, nil)
}

// DialBehind is Dial with something to say before TLS, as proxies do.
func DialBehind(t testing.TB, addr net.Addr, header []byte) *Client {
	t.Helper()
	nc, err := net.Dial(addr.Network(), addr.String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := nc.Write(header); err != nil {
		t.Fatal(err)
	}
	if _, ok := addr.(secureAddr); ok {
		// Whose certificate it is does not matter here.
		secure := tls.Client(nc, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
		_ = nc.SetDeadline(time.Now().Add(patience))
		if err := secure.Handshake(); err != nil {
			t.Fatalf("TLS: %v", err)
		}
		_ = nc.SetDeadline(time.Time{})
		nc = secure
	}
	t.Cleanup(func() { nc.Close() })
	return &Client{Conn: nc, t: t, mask: [4]byte{1, 2, 3, 4}}
}

// Connect dials and upgrades.
func Connect(t testing.TB, addr net.Addr, target string, headers ...string) *Client {
	t.Helper()
	c := Dial(t, addr)
	c.Upgrade(target, headers...)
	return c
}

// Handshake is a good opening handshake.
func Handshake(target string, headers ...string) []byte {
	return websocket.AppendClientRequest(nil, "localhost", target, []byte(Key), headers...)
}

// Upgrade sends a handshake, which must succeed.
func (c *Client) Upgrade(target string, headers ...string) http.Header {
	c.t.Helper()
	for _, h := range headers {
		c.offered = c.offered || strings.HasPrefix(h, "Sec-WebSocket-Extensions:")
	}
	c.Raw(Handshake(target, headers...))
	return c.Upgraded()
}

// Upgraded waits for the answer to a handshake.
func (c *Client) Upgraded() http.Header {
	c.t.Helper()
	head, err := c.head()
	if err != nil {
		c.t.Fatalf("handshake: %v", err)
	}
	if c.offered {
		c.Deflate, err = websocket.CheckDeflateResponse(head, []byte(Key))
	} else {
		err = websocket.CheckResponse(head, []byte(Key))
	}
	if err != nil {
		c.t.Fatalf("%v: %q", err, head)
	}
	r, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(head)), nil)
	if err != nil {
		c.t.Fatal(err)
	}
	return r.Header
}

// head reads an HTTP head; what follows waits in rest.
func (c *Client) head() ([]byte, error) {
	for {
		if end := websocket.HeadEnd(c.rest, 0); end > 0 {
			head := bytes.Clone(c.rest[:end])
			c.rest = c.rest[end:]
			return head, nil
		}
		if err := c.more(); err != nil {
			return c.rest, err
		}
	}
}

// Response reads one whole HTTP response.
func (c *Client) Response(method string) (status int, h http.Header, body string) {
	c.t.Helper()
	head, err := c.head()
	if err != nil {
		c.t.Fatalf("no response: %v, only %q", err, head)
	}
	r, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(head)), &http.Request{Method: method})
	if err != nil {
		c.t.Fatalf("%v: %q", err, head)
	}
	all := make([]byte, max(0, r.ContentLength)) // what is pipelined behind it stays
	if _, err := io.ReadFull(readFunc(c.plain), all); err != nil {
		c.t.Fatal(err)
	}
	return r.StatusCode, r.Header, string(all)
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(b []byte) (int, error) { return f(b) }

func (c *Client) plain(b []byte) (int, error) {
	if len(c.rest) == 0 {
		if err := c.more(); err != nil {
			return 0, err
		}
	}
	n := copy(b, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

func (c *Client) more() error {
	_ = c.SetReadDeadline(time.Now().Add(patience))
	if c.buf == nil {
		c.buf = make([]byte, 64<<10)
	}
	n, err := c.Read(c.buf)
	if n > 0 {
		c.rest = append(c.rest, c.buf[:n]...)
		c.Received += n
		return nil
	}
	return err
}

// Raw sends bytes as they are.
func (c *Client) Raw(b []byte) {
	c.t.Helper()
	_ = c.SetWriteDeadline(time.Now().Add(patience))
	if _, err := c.Write(b); err != nil {
		c.t.Fatalf("send: %v", err)
	}
}

// Frame is a client's frame.
func (c *Client) Frame(op websocket.Opcode, payload []byte) []byte {
	return websocket.AppendMaskedFrame(nil, op, c.mask, payload)
}

// Text and Binary send a message.
func (c *Client) Text(s string) { c.t.Helper(); c.Raw(c.Frame(websocket.OpText, []byte(s))) }

// Binary sends a binary message.
func (c *Client) Binary(b []byte) { c.t.Helper(); c.Raw(c.Frame(websocket.OpBinary, b)) }

// limits are a client's: it takes what comes.
var limits = websocket.Limits{MaxMessage: 64 << 20, MaxFragments: 1 << 20, Client: true}

// Next returns the next message or control frame.
func (c *Client) Next() (websocket.Message, error) {
	limits := limits
	limits.Deflate = c.Deflate != websocket.DeflateOff
	for {
		m, n, ok, err := c.reader.Next(c.rest, &limits)
		m.Data = bytes.Clone(m.Data)
		c.rest = c.rest[n:]
		if err != nil || ok {
			return m, err
		}
		if err := c.more(); err != nil {
			return m, err
		}
	}
}

// Message returns the next message, which must come.
func (c *Client) Message() websocket.Message {
	c.t.Helper()
	m, err := c.Next()
	if err != nil {
		c.t.Fatalf("no message: %v", err)
	}
	return m
}

// Expect wants one text message.
func (c *Client) Expect(want string) {
	c.t.Helper()
	if m := c.Message(); m.Op != websocket.OpText || string(m.Data) != want {
		c.t.Fatalf("got  %v %.300q\nwant %.300q", m.Op, m.Data, want)
	}
}

// CloseCode passes over messages until the server closes, and returns its code
// and reason. Without a close frame the code is 0 and the reason says why.
func (c *Client) CloseCode() (code uint16, reason string) {
	c.t.Helper()
	for {
		m, err := c.Next()
		if err != nil {
			return 0, err.Error()
		}
		if m.Op == websocket.OpClose {
			return websocket.ParseClose(m.Data)
		}
	}
}

// Closed wants the server to end the connection, after whatever it says.
func (c *Client) Closed() {
	c.t.Helper()
	for {
		if err := c.more(); err != nil {
			var ne net.Error
			if errors.As(err, &ne) && ne.Timeout() {
				c.t.Fatal("the server does not close")
			}
			return
		}
		c.rest = nil
	}
}

// Bye closes in good order: the server must echo the code.
func (c *Client) Bye() {
	c.t.Helper()
	c.Raw(c.Frame(websocket.OpClose, websocket.AppendClosePayload(nil, websocket.CloseNormal, "")))
	if code, reason := c.CloseCode(); code != websocket.CloseNormal {
		c.t.Fatalf("closed with %d %s", code, reason)
	}
	c.Close()
}
