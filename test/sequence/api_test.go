package sequence

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"throng"
)

// caller is a publisher that uses the server API.
type caller struct {
	run      *run
	http     *http.Client
	url      string
	rng      *rand.Rand
	number   uint16
	channels []int
	left     int // negative: until the run stops
	pace     time.Duration
	seq      uint32
	events   []event
}

// newCaller makes a publisher of some channels over HTTP; they take turns.
func (r *run) newCaller(api string, number, count int, pace time.Duration, channels ...int) *caller {
	p := &caller{
		run: r, http: &http.Client{Transport: &http.Transport{}, Timeout: ioTimeout}, url: api,
		rng: rand.New(rand.NewPCG(r.seed, 2<<32+uint64(number))), number: uint16(number), channels: channels, left: count, pace: pace,
	}
	r.t.Cleanup(p.http.CloseIdleConnections)
	r.callers = append(r.callers, p)
	return p
}

// publish publishes all that it has to.
func (p *caller) publish(ctx context.Context) {
	for ; p.left != 0 && ctx.Err() == nil && !p.run.stop.Load(); p.left-- {
		p.one(ctx, p.channels[p.rng.IntN(len(p.channels))])
		time.Sleep(p.pace/2 + time.Duration(p.rng.Int64N(int64(p.pace))))
	}
}

// answer is what the API says to a publish.
type answer struct {
	Result *throng.Position `json:"result"`
	Error  *throng.Error    `json:"error"`
}

func (p *caller) one(ctx context.Context, ch int) {
	p.seq++
	n := note{id: ident{pub: p.number, seq: p.seq}, at: p.run.clock.Now()}
	e := event{kind: kindPub, ch: ch, id: n.id, t: p.run.now()}
	p.events = append(p.events, e)
	c := p.run.channels[ch]
	cut := p.rng.IntN(25) == 0
	if cut { // gone in the middle, as a backend that is killed
		short, cancel := context.WithTimeout(ctx, time.Duration(p.rng.IntN(1000))*time.Microsecond)
		defer cancel()
		ctx = short
	}
	a, err := p.post(ctx, fmt.Appendf(nil, `{"channel":%q,"event":%q,"data":%s}`, c.name, eventName, n.payload(p.rng.IntN(c.pad))))
	switch {
	case err != nil:
		p.run.count.unanswered.Add(1)
		if !p.run.restarts && !cut {
			p.run.problem("publish to %s by API: %v", c.name, err)
		}
		return
	case a.Error != nil && a.Error.Code == throng.ErrTooManyRequests.Code:
		p.run.count.refused.Add(1)
		e.kind = kindNack
	case a.Error != nil || a.Result == nil || a.Result.Offset == 0:
		p.run.problem("publish to %s by API: %+v", c.name, a)
		return
	default:
		e.kind, e.off, e.ep = kindAck, a.Result.Offset, a.Result.Epoch
		p.run.count.called.Add(1)
	}
	p.events = append(p.events, e)
}

func (p *caller) post(ctx context.Context, body []byte) (a answer, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url+"/api/publish", bytes.NewReader(body))
	if err != nil {
		return a, err
	}
	req.Header.Set("X-API-Key", "dev")
	res, err := p.http.Do(req)
	if err != nil {
		return a, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil {
		err = json.Unmarshal(text, &a)
	}
	return a, err
}
