package crowd

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"time"
)

// person is one of a crowd.
type person struct {
	crowd *Crowd
	name  string
	dice  *rand.Rand
	line  *line
	ref   int
	// what it means to do, and when
	leave, beat, talk time.Time
	claims            []claim
	asked             map[string]bool // refs of claims that were not answered yet
	joined            bool
}

// claim is an offer that a person will want.
type claim struct {
	at time.Time
	id string
}

// heartbeat is how often a client says that it is there, as the npm client does.
const heartbeat = 30 * time.Second

// live is coming, staying and going, again and again.
func (p *person) live(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.crowd.doors:
		}
		p.visit(ctx)
		pause := time.NewTimer(p.about(p.crowd.opts.Away))
		select {
		case <-ctx.Done():
			pause.Stop()
			return
		case <-pause.C:
		}
	}
}

// visit is one stay.
func (p *person) visit(ctx context.Context) {
	figures := &p.crowd.Figures
	p.joined = false
	line, err := dial(ctx, p.crowd.opts.Target, p.name)
	if err == nil {
		defer context.AfterFunc(ctx, line.hangUp)()
		defer line.hangUp()
		p.line = line
		err = p.stay(ctx)
	}
	if p.joined {
		figures.Here.Add(-1)
	}
	switch {
	case ctx.Err() != nil || err == nil:
		if p.joined {
			figures.Left.Add(1)
		}
		return
	case p.joined:
		figures.Cut.Add(1)
	default:
		figures.Refused.Add(1)
	}
	p.crowd.out(err, p.joined)
}

// stay returns nil when the person leaves, else why it can't stay.
func (p *person) stay(ctx context.Context) error {
	o, now := &p.crowd.opts, time.Now()
	p.leave, p.beat = now.Add(p.about(o.Stay)), now.Add(heartbeat)
	p.talk = now.Add(p.about(o.Talk * time.Duration(o.People)))
	p.claims, p.asked, p.ref = nil, make(map[string]bool), 1
	if err := p.line.push("1", o.Channel, "phx_join", struct{}{}); err != nil {
		return err
	}
	for ctx.Err() == nil {
		next := p.next()
		m, err := p.line.read(next)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			if !p.leave.After(next) {
				return nil
			}
			if err := p.act(next); err != nil {
				return err
			}
		case err != nil:
			return err
		default:
			if err := p.hear(m); err != nil {
				return err
			}
		}
	}
	return nil
}

// next is when the person will do something by itself.
func (p *person) next() time.Time {
	first := p.leave
	for _, at := range []time.Time{p.beat, p.talk} {
		if at.Before(first) {
			first = at
		}
	}
	for _, c := range p.claims {
		if c.at.Before(first) {
			first = c.at
		}
	}
	return first
}

// act does what is due.
func (p *person) act(now time.Time) error {
	o := &p.crowd.opts
	if !p.beat.After(now) {
		p.beat = now.Add(heartbeat)
		if err := p.push("phoenix", "heartbeat", struct{}{}); err != nil {
			return err
		}
	}
	if !p.talk.After(now) {
		p.talk = now.Add(p.about(o.Talk * time.Duration(o.People)))
		p.crowd.Figures.Said.Add(1)
		if err := p.push(o.Channel, "msg", p.says()); err != nil {
			return err
		}
	}
	for i := 0; i < len(p.claims); i++ {
		c := p.claims[i]
		if c.at.After(now) {
			continue
		}
		p.claims = append(p.claims[:i], p.claims[i+1:]...)
		i--
		p.crowd.Figures.Claims.Add(1)
		if err := p.push(o.Channel, "bonus_claim", map[string]string{"id": c.id}); err != nil {
			return err
		}
		p.asked[p.line.last] = true
	}
	return nil
}

func (p *person) push(channel, event string, payload any) error {
	p.ref++
	return p.line.push(ref(p.ref), channel, event, payload)
}

// hear does what a message asks for.
func (p *person) hear(m message) error {
	switch m.event {
	case "phx_reply":
		return p.answered(m)
	case "phx_error", "phx_close":
		return refused(m.payload)
	case "bonus_offer":
		p.offered(m.payload)
	}
	return nil
}

func (p *person) answered(m message) error {
	var reply struct {
		Status   string
		Response struct{ Result string }
	}
	if json.Unmarshal(m.payload, &reply) != nil {
		return nil
	}
	if p.asked[m.ref] {
		delete(p.asked, m.ref)
		if reply.Response.Result == "won" {
			p.crowd.Figures.Won.Add(1)
		}
	}
	if p.joined || m.ref != "1" {
		return nil
	}
	if reply.Status != "ok" {
		return refused(m.payload)
	}
	p.joined = true
	p.crowd.Figures.Came.Add(1)
	p.crowd.Figures.Here.Add(1)
	p.crowd.in()
	const turned = 10 // one of so many has the page behind another
	return p.push(p.crowd.opts.Channel, "watch", map[string]bool{"visible": p.dice.IntN(turned) > 0, "playing": true})
}

// offered makes up its mind about an offer.
func (p *person) offered(payload []byte) {
	var offer struct{ ID string }
	if json.Unmarshal(payload, &offer) != nil || offer.ID == "" {
		return
	}
	p.crowd.Figures.Offers.Add(1)
	if p.dice.Float64() >= p.crowd.opts.Claiming {
		return
	}
	const atLeast = 300 * time.Millisecond // nobody is faster
	think := atLeast + time.Duration(p.dice.Float64()*float64(p.crowd.opts.Hesitate))
	p.claims = append(p.claims, claim{time.Now().Add(think), offer.ID})
}

// about is a time that is d on average, and never far from it.
func (p *person) about(d time.Duration) time.Duration {
	const most = 4
	return time.Duration(min(p.dice.ExpFloat64(), most) * float64(d))
}
