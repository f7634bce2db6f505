package bench_test

import (
	"bufio"
	"encoding/json"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"throng/internal/bench"
	"throng/internal/bench/load"
	"throng/internal/bench/report"
	"throng/internal/bench/scenario"
)

// agency is agents on TCP that want to hear a key.
type agency struct {
	ln     net.Listener
	active sync.WaitGroup
	mu     sync.Mutex
	open   []net.Conn
}

func hireOut(t *testing.T, key string) *agency {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := &agency{ln: ln}
	a.active.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			a.mu.Lock()
			a.open = append(a.open, nc)
			a.mu.Unlock()
			a.active.Go(func() {
				defer func() { _ = nc.Close() }()
				in := bufio.NewReader(nc)
				line, _ := in.ReadBytes('\n')
				var said string
				if json.Unmarshal(line, &said) == nil && said == key {
					_ = load.Serve(in, nc)
				}
			})
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		a.hangUp()
		a.active.Wait()
	})
	return a
}

func (a *agency) hangUp() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, nc := range a.open {
		_ = nc.Close()
	}
}

func (a *agency) addr() string { return a.ln.Addr().String() }

// led has two agents with a key lead a run.
func led(a *agency, key string) func(*bench.Options) {
	return func(o *bench.Options) { o.Agents, o.Key = []string{a.addr(), a.addr()}, key }
}

func TestAgents(t *testing.T) {
	t.Parallel()
	s, a := perform(t, &stage{}), hireOut(t, "secret")
	r, err := measure(t, "fanout", scenario.Options{Targets: []string{s.url()}, Users: 5, Times: 5, Rate: 50}, led(a, "secret"))
	if err != nil {
		t.Fatal(err)
	}
	if r.Agents != 2 || r.Checks != (report.Checks{Expected: 25}) || len(r.Failures) > 0 {
		t.Errorf("%+v %v", r.Checks, r.Failures)
	}
	compared := 0
	for _, w := range r.Warnings {
		if strings.Contains(w, "its clock was compared") {
			compared++
		}
	}
	if compared != 2 {
		t.Errorf("%d clocks were compared", compared)
	}
}

func TestAgentWithAnotherKey(t *testing.T) {
	t.Parallel()
	r, err := measure(t, "connect", scenario.Options{Targets: []string{"ws://127.0.0.1:1/socket"}, Users: 2}, led(hireOut(t, "secret"), "guess"))
	if r != nil || err == nil || !strings.Contains(err.Error(), "agent 127.0.0.1") {
		t.Errorf("%v", err)
	}
}

func TestNoAgent(t *testing.T) {
	t.Parallel()
	a := hireOut(t, "")
	_ = a.ln.Close()
	if _, err := measure(t, "connect", scenario.Options{Targets: []string{"ws://127.0.0.1:1/socket"}, Users: 2}, led(a, "")); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("%v", err)
	}
}

func TestAgentHangsUp(t *testing.T) {
	t.Parallel()
	s, a := perform(t, &stage{}), hireOut(t, "k")
	r, err := measure(t, "idle", scenario.Options{Targets: []string{s.url()}, Users: 4, For: time.Hour}, func(o *bench.Options) {
		led(a, "k")(o)
		o.Progress = func(r *report.Report) {
			if idles(r) {
				a.hangUp()
			}
		}
	})
	if err == nil || !strings.Contains(err.Error(), "agent 127.0.0.1") || r == nil || len(r.Phases) != 1 {
		t.Errorf("%v, %+v", err, r)
	}
}
