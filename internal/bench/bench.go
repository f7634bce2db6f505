// Package bench measures servers from outside: it leads processes that make load
// (package load), puts together what they find (package report), and says when the
// bench itself, and not the server, is what the figures tell of.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"throng/internal/bench/report"
	"throng/internal/bench/scenario"
	"throng/internal/bench/usage"
)

// Options are what a run needs.
type Options struct {
	Scenario  *scenario.Scenario
	Processes int      // load generating processes here; 0: as many as are needed
	Agents    []string // addresses of agents on other machines, used instead
	Key       string   // that they want to hear
	PIDs      []int    // of the server, if it runs here
	Command   []string // for the report
	Tool      string   // for the report

	// Spawn starts a load generating process and returns its stdin and stdout.
	Spawn func() (io.ReadWriteCloser, error)
	// Progress is called after each second and at the end with what there is until
	// then. It may not keep the report.
	Progress func(r *report.Report)
}

// Run runs a scenario. What it could measure is returned also with an error, and
// when the context ends early. That clients failed is no error but in the report.
func Run(ctx context.Context, o Options) (*report.Report, error) {
	if err := o.Scenario.Check(); err != nil {
		return nil, err
	}
	asserts, err := parseAsserts(o.Scenario.Assert)
	if err != nil {
		return nil, err
	}
	if len(o.Agents) > 0 && o.Processes > 0 {
		return nil, errors.New("either agents make the load, or processes here")
	}
	if len(o.Agents) == 0 {
		if err := o.fit(descriptors(), ports()); err != nil {
			return nil, err
		}
	}
	crew, err := o.hire(ctx)
	if err != nil {
		return nil, err
	}
	defer crew.dismiss()
	l, err := newLeader(&o, crew)
	if err != nil {
		return nil, err
	}
	err = l.run(ctx)
	l.finish(asserts)
	return l.report, err
}

func parseAsserts(texts []string) (all []report.Assert, err error) {
	for _, text := range texts {
		a, err := report.ParseAssert(text)
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
}

// hire gets the processes that make load and gives them their plans.
func (o *Options) hire(ctx context.Context) (crew, error) {
	var c crew
	for i := range max(o.Processes, len(o.Agents)) {
		m, err := o.member(i)
		if err == nil {
			c = append(c, m)
			err = m.engage(ctx, o, i)
		}
		if err != nil {
			c.dismiss()
			return nil, err
		}
	}
	return c, nil
}

func (o *Options) member(i int) (*member, error) {
	if len(o.Agents) > 0 {
		return callAgent(o.Agents[i], o.Key)
	}
	pipe, err := o.Spawn()
	if err != nil {
		return nil, fmt.Errorf("starting a load generating process: %w", err)
	}
	return newMember(fmt.Sprintf("process %d", i+1), pipe), nil
}

// finish completes the report.
func (l *leader) finish(asserts []report.Assert) {
	l.report.Seconds = time.Since(l.report.Began).Seconds()
	l.warn()
	for _, a := range asserts {
		l.report.Asserts = append(l.report.Asserts, a.Check(l.report))
	}
	if l.o.Progress != nil {
		l.o.Progress(l.report)
	}
}

func newReport(o *Options, agents int) (*report.Report, error) {
	text, err := o.Scenario.TOML()
	if err != nil {
		return nil, err
	}
	return &report.Report{
		Tool: o.Tool, Name: o.Scenario.Name, Title: o.Scenario.Title, Scenario: text, Command: o.Command,
		Targets: o.Scenario.Targets, Began: time.Now(), Machine: usage.Machine(), Agents: agents,
		Failures: map[string]int64{},
	}, nil
}
