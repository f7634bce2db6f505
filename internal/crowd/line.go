package crowd

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"

	"throng/internal/protocol/phoenix"
	"throng/internal/websocket"
)

// line is a Phoenix client's connection. One goroutine uses it; hangUp is safe from
// others.
type line struct {
	conn   net.Conn
	in     *bufio.Reader
	reader websocket.Reader
	need   int // bytes that the next message needs at least
	taken  int // bytes of the last message, which are still in in
	out    []byte
	last   string // the ref of what was pushed last
}

// message is what the server said. It is good until the next read.
type message struct {
	ref, event string
	payload    []byte
}

const (
	patience   = 10 * time.Second // for a step that should not take long
	mostBytes  = 1 << 20          // of a message
	lineBuffer = 2 << 10          // most of what comes is short
)

var limits = websocket.Limits{MaxMessage: mostBytes, MaxFragments: 1024, Client: true}

// dial connects as a user.
func dial(ctx context.Context, target *url.URL, user string) (*line, error) {
	d := net.Dialer{Timeout: patience}
	conn, err := d.DialContext(ctx, "tcp", target.Host)
	if err != nil {
		return nil, err
	}
	l := &line{conn: conn, in: bufio.NewReaderSize(conn, lineBuffer), need: 1}
	if err := l.upgrade(target, user); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return l, nil
}

func (l *line) upgrade(target *url.URL, user string) error {
	nonce := make([]byte, 16)
	_, _ = rand.Read(nonce) // never fails
	key := base64.StdEncoding.AppendEncode(nil, nonce)
	path := target.Path + "/websocket?" + url.Values{"vsn": {"2.0.0"}, "user_id": {user}}.Encode()
	_ = l.conn.SetDeadline(time.Now().Add(patience))
	if _, err := l.conn.Write(websocket.AppendClientRequest(nil, target.Host, path, key)); err != nil {
		return err
	}
	var head []byte
	for websocket.HeadEnd(head, 0) < 0 {
		part, err := l.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if head = append(head, part...); len(head) > mostBytes {
			return errors.New("crowd: the answer to the handshake has no end")
		}
	}
	if err := websocket.CheckResponse(head, key); err != nil {
		return unanswered(err)
	}
	return l.conn.SetDeadline(time.Time{})
}

func (l *line) hangUp() { _ = l.conn.Close() }

// push sends an event.
func (l *line) push(ref, channel, event string, payload any) error {
	body, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("crowd: %s: %w", event, err)
	}
	l.last = ref
	joinRef := []byte(`"1"`)
	if channel == "phoenix" {
		joinRef = nil
	}
	frame := phoenix.AppendPush(nil, phoenix.V2, joinRef, strconv.AppendQuote(nil, ref), channel, event, body)
	return l.write(websocket.OpText, frame)
}

func (l *line) write(op websocket.Opcode, payload []byte) error {
	var mask [4]byte
	_, _ = rand.Read(mask[:])
	l.out = websocket.AppendMaskedFrame(l.out[:0], op, mask, payload)
	_ = l.conn.SetWriteDeadline(time.Now().Add(patience))
	_, err := l.conn.Write(l.out)
	return err
}

// read returns the next message, or os.ErrDeadlineExceeded when none came until then.
func (l *line) read(until time.Time) (message, error) {
	_ = l.conn.SetReadDeadline(until)
	for {
		_, _ = l.in.Discard(l.taken)
		l.taken = 0
		if _, err := l.in.Peek(l.need); err != nil {
			return message{}, err
		}
		have, _ := l.in.Peek(l.in.Buffered())
		m, used, ok, err := l.reader.Next(have, &limits)
		if err != nil {
			return message{}, err
		}
		l.taken, l.need = used, 1
		if !ok {
			l.need = len(have) - used + 1
			continue
		}
		switch m.Op {
		case websocket.OpPing:
			if err := l.write(websocket.OpPong, m.Data); err != nil {
				return message{}, err
			}
		case websocket.OpClose:
			return message{}, closed(m.Data)
		case websocket.OpText:
			if said, ok := parse(m.Data); ok {
				return said, nil
			}
		}
	}
}

// parse reads a text message of version 2.
func parse(text []byte) (message, bool) {
	var d phoenix.Decoder
	var m phoenix.Message
	if d.Text(phoenix.V2, text, &m) != nil {
		return message{}, false
	}
	ref, err := strconv.Unquote(string(m.Ref))
	if err != nil { // an offset, or none
		ref = ""
	}
	return message{ref: ref, event: string(m.Event), payload: m.Payload}, true
}

func ref(n int) string { return strconv.Itoa(n) }
