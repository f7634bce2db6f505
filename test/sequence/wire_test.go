package sequence

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net"
	"time"

	"throng/internal/protocol/phoenix"
	"throng/internal/websocket"
)

// wire is one WebSocket connection of a Phoenix client.
type wire struct {
	nc     net.Conn
	vsn    phoenix.Version
	reader websocket.Reader
	dec    phoenix.Decoder
	buf    []byte // buf[from:to] was received and not yet decoded
	from   int
	to     int
	out    []byte
	begun  bool // a part of a message was read
}

// closed is the server's close frame.
type closed struct {
	code   uint16
	reason string
}

func (c *closed) Error() string { return "closed: " + c.reason }

var errHandshake = errors.New("the server's handshake is wrong")

// clientLimits let a client take any answer to a join, however much it missed.
var clientLimits = websocket.Limits{MaxMessage: 1 << 30, MaxFragments: 1 << 10, Client: true}

const ioTimeout = 20 * time.Second // for what is answered at once

// dial connects and sends the handshake together with the frames of first, as an
// impatient client does. A narrow connection has little room in both kernels, so
// that a reader who pauses is felt by the server soon.
func dial(addr string, vsn phoenix.Version, narrow bool, first func(w *wire)) (*wire, error) {
	d := net.Dialer{Timeout: ioTimeout}
	if narrow {
		d.Control = narrowSocket
	}
	nc, err := d.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	w := &wire{nc: nc, vsn: vsn, buf: make([]byte, 4<<10)}
	var nonce [16]byte
	_, _ = rand.Read(nonce[:]) // never fails
	key := base64.StdEncoding.AppendEncode(nil, nonce[:])
	w.out = websocket.AppendClientRequest(w.out, addr, target(vsn), key)
	if first != nil {
		first(w)
	}
	if err = w.flush(); err == nil {
		err = w.handshake(key)
	}
	if err != nil {
		_ = nc.Close()
		return nil, err
	}
	return w, nil
}

func target(vsn phoenix.Version) string {
	if vsn == phoenix.V1 {
		return "/socket/websocket"
	}
	return "/socket/websocket?vsn=2.0.0"
}

func (w *wire) handshake(key []byte) error {
	_ = w.nc.SetReadDeadline(time.Now().Add(ioTimeout))
	for {
		if end := websocket.HeadEnd(w.buf[:w.to], 0); end >= 0 {
			if websocket.CheckResponse(w.buf[:end], key) != nil {
				return errHandshake
			}
			w.from = end
			return nil
		}
		if err := w.read(); err != nil {
			return err
		}
	}
}

// read receives more behind what is there.
func (w *wire) read() error {
	if w.from > 0 {
		w.to = copy(w.buf, w.buf[w.from:w.to])
		w.from = 0
	}
	if w.to == len(w.buf) {
		w.buf = append(w.buf, make([]byte, len(w.buf))...)
	}
	n, err := w.nc.Read(w.buf[w.to:])
	w.to += n
	if n > 0 {
		return nil
	}
	return err
}

// next returns the next Phoenix message, valid until the next call. A close
// frame is an error, *closed, and so is the end of time.
func (w *wire) next(deadline time.Time) (m phoenix.Message, err error) {
	_ = w.nc.SetReadDeadline(deadline)
	for {
		f, n, ok, err := w.reader.Next(w.buf[w.from:w.to], &clientLimits)
		w.from += n
		w.begun = !ok && (w.begun || n > 0)
		switch {
		case err != nil:
			return m, err
		case !ok:
			if err := w.read(); err != nil {
				return m, err
			}
		case f.Op == websocket.OpClose:
			code, reason := websocket.ParseClose(f.Data)
			return m, &closed{code, reason}
		case f.Op == websocket.OpText:
			// The decoder of clients' frames reads the server's as well.
			err = w.dec.Text(w.vsn, f.Data, &m)
			return m, err
		}
	}
}

// between reports whether nothing of another message was received.
func (w *wire) between() bool { return !w.begun && w.from == w.to }

// push adds a client's message to what flush sends.
func (w *wire) push(joinRef, ref []byte, topic, event string, payload []byte) {
	text := phoenix.AppendPush(nil, w.vsn, joinRef, ref, topic, event, payload)
	w.out = websocket.AppendMaskedFrame(w.out, websocket.OpText, maskKey(), text)
}

func (w *wire) flush() error {
	_ = w.nc.SetWriteDeadline(time.Now().Add(ioTimeout))
	_, err := w.nc.Write(w.out)
	w.out = w.out[:0]
	return err
}

func maskKey() (key [4]byte) {
	_, _ = rand.Read(key[:]) // never fails
	return key
}

// sayClose sends a close frame.
func (w *wire) sayClose(code uint16) error {
	w.out = websocket.AppendMaskedFrame(w.out, websocket.OpClose, maskKey(), websocket.AppendClosePayload(nil, code, ""))
	return w.flush()
}

// halfFrame sends the first half of a message.
func (w *wire) halfFrame() error {
	text := phoenix.AppendPush(nil, w.vsn, nil, []byte(`"1"`), "phoenix", "heartbeat", bytes.Repeat([]byte{' '}, 300))
	frame := websocket.AppendMaskedFrame(nil, websocket.OpText, maskKey(), text)
	w.out = append(w.out, frame[:len(frame)/2]...)
	return w.flush()
}

// reset ends the connection without a goodbye: the peer gets an RST.
func (w *wire) reset() {
	_ = w.nc.(*net.TCPConn).SetLinger(0)
	_ = w.nc.Close()
}
