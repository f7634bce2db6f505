package sequence

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"throng"
)

// listener is a client of /events, an EventSource in the hands of somebody rash:
// it has the last id and nothing else when it comes back.
type listener struct {
	*client
	id  string // of the last event
	nc  net.Conn
	in  *bufio.Reader
	got sse // the event that is being read
}

// sse is one event of a stream.
type sse struct {
	id, kind string
	data     []byte
}

func (r *run) newListener(name string, channels ...int) *listener {
	l := &listener{client: r.newClient(name, channels...)}
	l.life, l.goodbye = l.listen, throng.DisconnectShutdown.Code
	return l
}

// listen is the listener's life.
func (l *listener) listen(ctx context.Context) {
	for ctx.Err() == nil && !l.done {
		if err := l.connect(); err != nil {
			if !l.run.restarts {
				l.run.problem("%s can't connect: %v", l.name, err)
			}
			time.Sleep(retryPause)
			continue
		}
		l.over(l.read(ctx))
	}
	l.unfinished()
}

func (l *listener) connect() error {
	l.since = l.run.clock.Now()
	d := net.Dialer{Timeout: ioTimeout}
	if l.slow {
		d.Control = narrowSocket
	}
	nc, err := d.Dial("tcp", l.run.addr)
	if err != nil {
		return err
	}
	q := url.Values{}
	for _, s := range l.subs {
		q.Add("channel", l.channel(s).name)
	}
	head := "GET /events?" + q.Encode() + " HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n"
	if l.id != "" {
		head += "Last-Event-ID: " + l.id + "\r\n"
	}
	_ = nc.SetDeadline(time.Now().Add(ioTimeout))
	if _, err := nc.Write([]byte(head + "\r\n")); err != nil {
		_ = nc.Close()
		return err
	}
	l.nc, l.in, l.got = nc, bufio.NewReaderSize(nc, 4<<10), sse{}
	res, err := http.ReadResponse(l.in, nil)
	if err != nil || res.StatusCode != http.StatusOK {
		_ = nc.Close()
		return errors.Join(err, fmt.Errorf("answer %+v", res))
	}
	// The body has no length: what follows is read from l.in.
	return nil
}

// read takes events until the connection ends or the client is done.
func (l *listener) read(ctx context.Context) error {
	for ctx.Err() == nil {
		if l.ended() {
			return nil
		}
		asked := l.run.clock.Now()
		_ = l.nc.SetReadDeadline(time.Now().Add(beat))
		line, err := l.in.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			rest, more := l.in.ReadBytes('\n')
			line, err = append(bytes.Clone(line), rest...), more
		case errors.Is(err, os.ErrDeadlineExceeded) && len(line) == 0:
			if l.got.id == "" && l.got.kind == "" && l.got.data == nil { // nor has an event begun
				l.since = asked
			}
			continue
		}
		if err != nil {
			return err
		}
		if err := l.take(bytes.TrimRight(line, "\r\n")); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// take takes a line of the stream.
func (l *listener) take(line []byte) error {
	if len(line) == 0 {
		e := l.got
		l.got = sse{}
		return l.event(e)
	}
	field, value, _ := strings.Cut(string(line), ":")
	value = strings.TrimPrefix(value, " ")
	switch field {
	case "id":
		l.got.id = value
	case "event":
		l.got.kind = value
	case "data":
		l.got.data = []byte(value)
	}
	return nil
}

// event takes a whole event.
func (l *listener) event(e sse) error {
	if e.id != "" {
		l.id = e.id
	}
	switch e.kind {
	case "":
		if e.data == nil {
			return nil
		}
		return l.publication(e.data)
	case "subscribed":
		return l.subscribed(e.data)
	case "disconnect":
		var d throng.Disconnect
		if err := json.Unmarshal(e.data, &d); err != nil {
			l.run.problem("%s: strange disconnect %s", l.name, e.data)
		}
		return &closed{d.Code, d.Reason}
	}
	l.run.problem("%s: unknown event %s: %s", l.name, e.kind, e.data)
	return nil
}

// subscribed is told where a channel begins; what leads there from the last
// position follows as publications.
func (l *listener) subscribed(data []byte) error {
	var a struct {
		Channel     string `json:"channel"`
		Recoverable bool   `json:"recoverable"`
		Recovered   bool   `json:"recovered"`
		Offset      uint64 `json:"offset"`
		Epoch       string `json:"epoch"`
	}
	if err := json.Unmarshal(data, &a); err != nil || !a.Recoverable {
		l.run.problem("%s: strange beginning %s", l.name, data)
		return errCut
	}
	s := l.find([]byte(a.Channel))
	if s == nil || s.state == joined {
		l.run.problem("%s: an unexpected beginning of %s", l.name, a.Channel)
		return errCut
	}
	l.begin(s, a.Recovered, throng.Position{Offset: a.Offset, Epoch: a.Epoch})
	return nil
}

// begin notes where a client stands that was told so by other means than a join's
// answer.
func (c *client) begin(s *sub, recovered bool, at throng.Position) {
	e := event{kind: kindSub, ch: s.ch, off: at.Offset, ep: at.Epoch}
	switch {
	case s.known && recovered:
		e.off, e.recovered = s.pos.Offset, yes
		c.run.count.recovered.Add(1)
		if at.Offset < s.pos.Offset {
			c.run.problem("%s: %s recovered from %v to the past, %d", c.name, c.channel(s).name, s.pos, at.Offset)
		}
	case s.known:
		e.recovered = no
		c.run.count.resyncs.Add(1)
		if c.channel(s).wide && (!c.run.restarts || at.Epoch == s.pos.Epoch) {
			c.run.problem("%s: %s not recovered from %v at %v", c.name, c.channel(s).name, s.pos, at)
		}
	}
	c.log(e)
	if !s.known {
		c.run.count.begun.Add(1)
	}
	s.known, s.state = true, joined
	s.pos = throng.Position{Offset: e.off, Epoch: at.Epoch}
}

func (l *listener) publication(data []byte) error {
	var p struct {
		Channel string          `json:"channel"`
		Offset  uint64          `json:"offset"`
		Event   string          `json:"event"`
		Data    json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(data, &p); err != nil || p.Event != eventName {
		l.run.problem("%s: strange publication %.200s", l.name, data)
		return errCut
	}
	s := l.find([]byte(p.Channel))
	if s == nil || s.state != joined {
		l.run.problem("%s: a publication of %s, which has not begun", l.name, p.Channel)
		return errCut
	}
	l.deliver(s, p.Offset, p.Data)
	l.run.count.streamed.Add(1)
	if l.left > 0 || l.calm {
		return nil
	}
	l.left = 40 + l.rng.IntN(200)
	switch what := l.rng.IntN(6); {
	case l.slow && what < 4:
		l.left /= 2
		l.run.count.pauses.Add(1)
		time.Sleep(time.Duration(200+l.rng.IntN(600)) * time.Millisecond)
	case what < 2: // an RST
		l.run.count.cuts.Add(1)
		_ = l.nc.(*net.TCPConn).SetLinger(0)
		return errCut
	case what < 4: // a FIN, with what was received and not read thrown away
		l.run.count.cuts.Add(1)
		return errCut
	}
	return nil
}

// ended reports whether the client has seen all that there will be. A stream has no
// question to ask; but the last publication of each channel is the last.
func (c *client) ended() bool {
	if !c.atEnd() {
		return false
	}
	c.finish()
	return true
}

// over looks at how a connection ended.
func (l *listener) over(err error) {
	_ = l.nc.Close()
	for _, s := range l.subs {
		s.state = idle
	}
	var cl *closed
	switch {
	case l.done, errors.Is(err, errCut), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
	case errors.As(err, &cl):
		l.run.ended(l.client, cl.code)
		switch cl.code {
		case throng.DisconnectSlow.Code:
			l.run.count.slow.Add(1)
		case throng.DisconnectInsufficientState.Code:
			l.run.count.rejoins.Add(1)
		default:
			if !l.run.restarts {
				l.run.problem("%s was closed: %d %s", l.name, cl.code, cl.reason)
			}
		}
	default:
		l.run.ended(l.client, 0)
		l.run.count.abrupt.Add(1)
		if !l.run.restarts && !l.slow {
			l.run.problem("%s lost its connection: %v", l.name, err)
		}
	}
}

// poller is a client of /poll: it asks, with its position, again and again.
type poller struct {
	*client
	http *http.Client
}

func (r *run) newPoller(name string, channel int) *poller {
	p := &poller{client: r.newClient(name, channel), http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}}}
	r.t.Cleanup(p.http.CloseIdleConnections)
	p.life, p.goodbye = p.poll, 0
	return p
}

// poll is the poller's life.
func (p *poller) poll(ctx context.Context) {
	s := p.subs[0]
	for ctx.Err() == nil && !p.done {
		err := p.ask(ctx, s)
		switch {
		case err == nil || errors.Is(err, errCut) || ctx.Err() != nil:
		default:
			if !p.run.restarts {
				p.run.problem("%s: %v", p.name, err)
			}
			time.Sleep(retryPause)
		}
		if p.atEnd() {
			p.finish()
		}
	}
	p.unfinished()
	p.http.CloseIdleConnections()
}

// polled is the answer to a poll.
type polled struct {
	Offset       uint64 `json:"offset"`
	Epoch        string `json:"epoch"`
	Recovered    bool   `json:"recovered"`
	Publications []struct {
		Offset uint64          `json:"offset"`
		Event  string          `json:"event"`
		Data   json.RawMessage `json:"data"`
	} `json:"publications"`
}

func (p *poller) ask(ctx context.Context, s *sub) error {
	q := url.Values{"channel": {p.channel(s).name}, "timeout": {"1"}}
	if s.known {
		q.Set("offset", fmt.Sprint(s.pos.Offset))
		q.Set("epoch", s.pos.Epoch)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cut := s.known && !p.calm && p.rng.IntN(12) == 0
	if cut { // somewhere in the middle
		time.AfterFunc(time.Duration(p.rng.IntN(300))*time.Millisecond, cancel)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.run.addr+"/poll?"+q.Encode(), nil)
	if err != nil {
		return err
	}
	p.since = p.run.clock.Now()
	res, err := p.http.Do(req)
	var body []byte
	if err == nil {
		body, err = io.ReadAll(res.Body)
		_ = res.Body.Close()
	}
	switch {
	case err != nil && cut:
		p.run.count.cuts.Add(1)
		return errCut
	case err != nil:
		return err
	case res.StatusCode != http.StatusOK:
		return fmt.Errorf("%s: %s", res.Status, body)
	}
	return p.answered(s, body)
}

func (p *poller) answered(s *sub, body []byte) error {
	var a polled
	if err := json.Unmarshal(body, &a); err != nil {
		return fmt.Errorf("strange answer %.200s", body)
	}
	if !s.known || !a.Recovered {
		p.begin(s, a.Recovered, throng.Position{Offset: a.Offset, Epoch: a.Epoch})
		return nil
	}
	if a.Epoch != s.pos.Epoch {
		p.run.problem("%s: epoch %s became %s, recovered", p.name, s.pos.Epoch, a.Epoch)
	}
	for _, pub := range a.Publications {
		p.deliver(s, pub.Offset, pub.Data)
		p.run.count.polled.Add(1)
	}
	s.pos.Offset = max(s.pos.Offset, a.Offset) // expired ones may lie at the end
	return nil
}
