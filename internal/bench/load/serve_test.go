package load_test

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"throng/internal/bench/load"
	"throng/internal/bench/scenario"
)

// told gives a worker orders and returns what it says, and its error.
func told(t *testing.T, orders ...string) (notes []load.Note, err error) {
	t.Helper()
	var out bytes.Buffer
	err = load.Serve(strings.NewReader(strings.Join(orders, "\n")), &out)
	for d := json.NewDecoder(&out); ; {
		var n load.Note
		if end := d.Decode(&n); end == io.EOF {
			return notes, err
		} else if end != nil {
			t.Fatal(end)
		}
		notes = append(notes, n)
	}
}

func plan(t *testing.T, change func(*load.Plan)) string {
	t.Helper()
	s, err := scenario.Builtin("connect", scenario.Options{Targets: []string{"ws://127.0.0.1:1/socket"}, Users: 1})
	if err != nil {
		t.Fatal(err)
	}
	p := &load.Plan{Scenario: s, Agents: 1}
	change(p)
	b, err := json.Marshal(load.Order{Plan: p})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Orders that can't be obeyed are said to be so, whoever gave them.
func TestOrdersThatMakeNoSense(t *testing.T) {
	t.Parallel()
	good := plan(t, func(*load.Plan) {})
	for want, orders := range map[string][]string{
		"an order before the plan":  {`{"tally":true}`},
		"a second plan":             {good, good},
		"there is no phase 7":       {good, `{"start":{"phase":7}}`},
		"there is no phase -1":      {good, `{"start":{"phase":-1}}`},
		"a plan without a scenario": {`{"plan":{"agents":1}}`},
		"a plan for number 0 of 0":  {plan(t, func(p *load.Plan) { p.Agents = 0 })},
		"a plan for number 1 of 1":  {plan(t, func(p *load.Plan) { p.Agent = 1 })},
		"a plan for number -1 of 1": {plan(t, func(p *load.Plan) { p.Agent = -1 })},
		"no target":                 {plan(t, func(p *load.Plan) { p.Scenario.Targets = nil })},
		"they never arrive":         {plan(t, func(p *load.Plan) { p.Scenario.Users[0].Arrive = nil })},
		"wire \"\": there are":      {plan(t, func(p *load.Plan) { p.Scenario.Wire = "" })},
		"target nobody.invalid":     {plan(t, func(p *load.Plan) { p.Scenario.Targets[0] = "ws://nobody.invalid/" })},
	} {
		notes, err := told(t, orders...)
		if err == nil || !strings.Contains(err.Error(), want) || len(notes) == 0 || !strings.Contains(notes[len(notes)-1].Error, want) {
			t.Errorf("%q: %v, %+v", want, err, notes)
		}
	}
}

// The end of the orders, or what is none, is the end.
func TestOrdersEnd(t *testing.T) {
	t.Parallel()
	good := plan(t, func(*load.Plan) {})
	for name, orders := range map[string][]string{
		"nothing": nil, "rubbish": {"rubbish"}, "stop": {good, `{"stop":true}`}, "hung up": {good},
		"in the middle": {good, `{"start":{"phase":0}}`, `{"stop"`},
	} {
		if _, err := told(t, orders...); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// slow is a worker's input that ends later.
type slow struct {
	io.Reader
	wait time.Duration
}

func (s *slow) Read(b []byte) (int, error) {
	n, err := s.Reader.Read(b)
	if err == io.EOF {
		time.Sleep(s.wait)
	}
	return n, err
}

// Each second is told once, in order, and the end of a phase by its number.
func TestSecondsAreTold(t *testing.T) {
	t.Parallel()
	s, err := scenario.Builtin("idle", scenario.Options{Targets: []string{"ws://127.0.0.1:1/socket"}, Users: 1, For: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now().Add(-3500 * time.Millisecond).UnixNano() // as if one turn had taken seconds
	b, err := json.Marshal(load.Order{Plan: &load.Plan{Scenario: s, Agents: 1}})
	if err != nil {
		t.Fatal(err)
	}
	start, err := json.Marshal(load.Order{Start: &load.Start{Phase: 1, Run: began, At: began}})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := load.Serve(&slow{strings.NewReader(string(b) + string(start)), time.Second}, &out); err != nil {
		t.Fatal(err)
	}
	second, done := 0, 0
	for d := json.NewDecoder(&out); d.More(); {
		var n load.Note
		if err := d.Decode(&n); err != nil {
			t.Fatal(err)
		}
		if n.Done != 0 {
			done = n.Done
		}
		if n.Sample != nil {
			if second++; n.Sample.Second != second || n.Sample.Busy < 0 || n.Sample.Busy > 1 {
				t.Errorf("%+v is the sample of second %d", n.Sample, second)
			}
		}
	}
	if second < 3 || done != 2 {
		t.Errorf("%d seconds, phase %d done", second, done)
	}
}
