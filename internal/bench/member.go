package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"time"

	"throng/internal/bench/load"
	"throng/internal/bench/report"
)

// member is a process that makes load, as the leader sees it.
type member struct {
	name   string
	pipe   io.ReadWriteCloser
	orders *json.Encoder
	notes  chan load.Note // closed when it has no more to say
	early  []load.Note    // that came while something else was waited for
	used   report.Usage   // before the run
	remote bool
	offset time.Duration // what its clock is behind ours
	error  time.Duration // of the offset, at most
}

// crew is all of them.
type crew []*member

func newMember(name string, pipe io.ReadWriteCloser) *member {
	m := &member{name: name, pipe: pipe, orders: json.NewEncoder(pipe), notes: make(chan load.Note, 256)}
	go m.listen()
	return m
}

func (m *member) listen() {
	defer close(m.notes)
	d := json.NewDecoder(bufio.NewReader(m.pipe))
	for {
		var n load.Note
		if d.Decode(&n) != nil {
			return
		}
		m.notes <- n
	}
}

// callAgent connects to an agent on another machine.
func callAgent(addr, key string) (*member, error) {
	nc, err := net.DialTimeout("tcp", addr, 10*time.Second)
	if err != nil {
		return nil, fmt.Errorf("agent %s: %w", addr, err)
	}
	if err := json.NewEncoder(nc).Encode(key); err != nil {
		return nil, fmt.Errorf("agent %s: %w", addr, err)
	}
	m := newMember("agent "+addr, nc)
	m.remote = true
	return m, nil
}

// engage gives a member its plan.
func (m *member) engage(ctx context.Context, o *Options, i int) error {
	if m.remote {
		if err := m.compareClocks(ctx); err != nil {
			return err
		}
	}
	p := &load.Plan{Scenario: o.Scenario, Agent: i, Agents: max(o.Processes, len(o.Agents)), Offset: int64(m.offset)}
	if err := m.order(load.Order{Plan: p}); err != nil {
		return err
	}
	n, err := m.await(ctx, func(n load.Note) bool { return n.Ready != nil })
	if err == nil {
		m.used = *n.Ready
	}
	return err
}

// compareClocks asks for the time until one answer comes quickly: the shorter it
// takes, the less can be wrong.
func (m *member) compareClocks(ctx context.Context) error {
	m.error = math.MaxInt64
	for range 20 {
		sent := time.Now()
		if err := m.order(load.Order{Clock: true}); err != nil {
			return err
		}
		n, err := m.await(ctx, func(n load.Note) bool { return n.Clock != 0 })
		if err != nil {
			return err
		}
		if half := time.Since(sent) / 2; half < m.error {
			m.error = half
			m.offset = sent.Add(half).Sub(time.Unix(0, n.Clock))
		}
	}
	return nil
}

func (m *member) order(o load.Order) error {
	if err := m.orders.Encode(o); err != nil {
		return fmt.Errorf("%s takes no orders: %w", m.name, err)
	}
	return nil
}

// engageTime is how long a member may take to answer what needs no work.
const engageTime = 30 * time.Second

// await waits for a note and keeps others for later.
func (m *member) await(ctx context.Context, wanted func(load.Note) bool) (load.Note, error) {
	timeout := time.NewTimer(engageTime)
	defer timeout.Stop()
	for {
		select {
		case n, ok := <-m.notes:
			if err := m.check(n, ok); err != nil {
				return n, err
			}
			if wanted(n) {
				return n, nil
			}
			m.early = append(m.early, n)
		case <-timeout.C:
			return load.Note{}, fmt.Errorf("%s does not answer", m.name)
		case <-ctx.Done():
			return load.Note{}, ctx.Err()
		}
	}
}

// check turns bad news into an error.
func (m *member) check(n load.Note, ok bool) error {
	switch {
	case !ok && m.remote:
		return fmt.Errorf("%s hung up: is the key right, and nobody else using it?", m.name)
	case !ok:
		return fmt.Errorf("%s ended", m.name)
	case n.Error != "":
		return fmt.Errorf("%s: %w", m.name, errors.New(n.Error))
	}
	return nil
}

func (c crew) order(o load.Order) error {
	for _, m := range c {
		if err := m.order(o); err != nil {
			return err
		}
	}
	return nil
}

// dismiss ends all members and waits until they have.
func (c crew) dismiss() {
	for _, m := range c {
		_ = m.order(load.Order{Stop: true})
	}
	for _, m := range c {
		timeout := time.AfterFunc(10*time.Second, func() { _ = m.pipe.Close() })
		for range m.notes { //nolint:revive // until it has said everything
		}
		timeout.Stop()
		_ = m.pipe.Close()
	}
}
