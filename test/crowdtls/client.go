package main

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net"

	"throng/internal/protocol/phoenix"
	"throng/internal/websocket"
)

// client is one connection.
type client struct {
	crowd  *crowd
	conn   net.Conn
	reader websocket.Reader
	limits websocket.Limits
	buf    []byte
	have   int // bytes of buf that are not yet used up
}

// mask need not be random: nobody reads along. It must not be zero, or servers had
// less to do.
var mask = [4]byte{1, 2, 3, 4}

// dial opens a connection that has joined.
func (c *crowd) dial() (*client, error) {
	conn, err := net.Dial("tcp", c.addr)
	if err != nil {
		return nil, err
	}
	k := &client{
		crowd: c, conn: conn, buf: make([]byte, 8<<10),
		limits: websocket.Limits{MaxMessage: 1 << 20, MaxFragments: 1, Client: true, Deflate: c.deflate},
	}
	if c.secure {
		k.conn = tls.Client(conn, c.config())
	}
	err = k.upgrade()
	if err == nil {
		err = k.join()
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	go k.serve()
	return k, nil
}

func (c *crowd) config() *tls.Config {
	// Whose certificate it is does not matter here, and verifying it is the client's
	// expense.
	config := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"}}
	if c.classic {
		config.CurvePreferences = []tls.CurveID{tls.X25519}
	}
	return config
}

// spoken says what was agreed on.
func (k *client) spoken() string {
	said := "plain"
	if secure, ok := k.conn.(*tls.Conn); ok {
		s := secure.ConnectionState()
		said = fmt.Sprint(tls.VersionName(s.Version), " ", s.CurveID, " ", tls.CipherSuiteName(s.CipherSuite))
	}
	if k.limits.Deflate {
		said += ", deflate"
	}
	return said
}

const key = "dGhlIHNhbXBsZSBub25jZQ=="

func (k *client) upgrade() error {
	var offers []string
	if k.limits.Deflate {
		offers = []string{websocket.DeflateOffer}
	}
	request := websocket.AppendClientRequest(nil, k.crowd.addr, k.crowd.path, []byte(key), offers...)
	if _, err := k.conn.Write(request); err != nil {
		return err
	}
	end := -1
	for end < 0 {
		if err := k.more(); err != nil {
			return err
		}
		end = websocket.HeadEnd(k.buf[:k.have], 0)
	}
	head := k.buf[:end]
	if !k.limits.Deflate {
		if err := websocket.CheckResponse(head, []byte(key)); err != nil {
			return fmt.Errorf("%w: %q", err, head)
		}
	} else if agreed, err := websocket.CheckDeflateResponse(head, []byte(key)); err != nil || agreed == websocket.DeflateOff {
		return fmt.Errorf("compression was not agreed on (%v): %q", err, head)
	}
	k.have = copy(k.buf, k.buf[end:k.have])
	return nil
}

func (k *client) join() error {
	push := phoenix.AppendPush(nil, phoenix.V2, []byte(`"1"`), []byte(`"1"`), k.crowd.channel, "phx_join", nil)
	if err := k.send(websocket.OpText, push); err != nil {
		return err
	}
	for joined := false; !joined; {
		if err := k.more(); err != nil {
			return err
		}
		err := k.messages(func(m websocket.Message) error {
			joined = bytes.HasPrefix(m.Data, []byte(`["1","1",`)) && bytes.Contains(m.Data, accepted)
			if !joined {
				return fmt.Errorf("not joined: %v %q", m.Op, m.Data)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

var accepted = []byte(`"status":"ok"`)

// serve takes what comes until the connection ends, which it should not.
func (k *client) serve() {
	defer k.conn.Close()
	for {
		err := k.more()
		if err == nil {
			err = k.messages(k.take)
		}
		if err != nil {
			k.crowd.fail(err)
			return
		}
	}
}

// take counts a message by its shape.
func (k *client) take(m websocket.Message) error {
	switch {
	case m.Op == websocket.OpPing:
		return k.send(websocket.OpPong, m.Data)
	case bytes.HasPrefix(m.Data, []byte(`[null,null,`)) && k.crowd.pushes.add(1):
		return nil
	case bytes.Contains(m.Data, accepted) && k.crowd.replies.add(1):
		return nil
	}
	return fmt.Errorf("unexpected %v %.300q", m.Op, m.Data)
}

func (k *client) more() error {
	n, err := k.conn.Read(k.buf[k.have:])
	k.have += n
	if n > 0 {
		return nil
	}
	return err
}

// messages hands on all that came whole; the start of a frame's header stays.
func (k *client) messages(take func(websocket.Message) error) error {
	b := k.buf[:k.have]
	for {
		m, n, whole, err := k.reader.Next(b, &k.limits)
		b = b[n:]
		if err != nil {
			return err
		}
		if !whole {
			k.have = copy(k.buf, b)
			return nil
		}
		if err := take(m); err != nil {
			return err
		}
	}
}

func (k *client) send(op websocket.Opcode, data []byte) error {
	_, err := k.conn.Write(websocket.AppendMaskedFrame(nil, op, mask, data))
	return err
}
