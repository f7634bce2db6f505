//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"throng/internal/bench/report"
	"throng/internal/bench/scenario"
)

// Offers of the mission, and how long it is measured.
const (
	stream       = "mission:all"
	missionQuota = 10
	missionEvery = 5 * time.Second
	missionOpen  = 4                // seconds that an offer is open
	missionTurn  = 25 * time.Second // until as many come as go
	missionFor   = time.Minute
	restFor      = 5 * time.Second // until who came is written down
)

const missionConfig = `
[[namespace]]
name = "mission"
presence = "users"
visits = true
watch = "exclusive"
`

// awaited is a crowd that was measured.
type awaited struct {
	name   string
	s      *scenario.Scenario
	phase  string
	settle time.Duration // of the phase, before it is measured
	offers bool
}

// crowds are the two that are compared: the same number of users, who are here and
// watch, as far as the record goes. Those of the mission come and go too: a third of
// the scenario's users, of whom one in two is here.
func (f *figures) crowds() ([]awaited, error) {
	resting, err := scenario.Builtin("mission", scenario.Options{Users: f.users})
	if err != nil {
		return nil, err
	}
	resting.Name = "resting"
	for i := range resting.Users {
		g := &resting.Users[i]
		g.Scripts = g.In("watch")
	}
	resting.Phases = []scenario.Phase{resting.Phases[0], resting.Phases[1], idle(restFor + missionFor)}
	busy, err := scenario.Builtin("mission", scenario.Options{Users: f.users * 6 / 5, For: missionTurn + missionFor})
	if err != nil {
		return nil, err
	}
	for _, s := range []*scenario.Scenario{resting, busy} {
		for i := range s.Users {
			s.Users[i].Arrive = []scenario.Arrival{{Rate: crowdRate * float64(s.Users[i].Count) / float64(s.Count())}}
		}
	}
	return []awaited{
		{"heartbeats only", resting, "idle", restFor, false},
		{"the mission", busy, "mission", missionTurn, true},
	}, nil
}

// mission measures what the mission costs: for each user that is there and each second,
// the server's processor time, beside a crowd that is only there. The server has
// a core of its own, and keeps its books in a file of SQLite.
func (f *figures) mission() error {
	if runtime.NumCPU() < 2 {
		return fmt.Errorf("mission needs two cores")
	}
	crowds, err := f.crowds()
	if err != nil {
		return err
	}
	var table strings.Builder
	table.WriteString(heading(fmt.Sprintf("The mission: %d users who watch, 1 %% of them come and as many go each second, one in ten claims; an offer each %v with a quota of %d; one loop on a core of its own",
		f.users, missionEvery, missionQuota)))
	table.WriteString("\n| crowd | users there, on average | CPU of the server, µs per user and second | cores | bytes per user | comings/s | heartbeats/s | watch/s | claims/s | offer to receipt: p50, p99, ms | answer to a claim: p50, p99, ms | the bench was late by p99, ms, its cores |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	var notes strings.Builder
	for _, c := range crowds {
		line, note, err := f.crowded(&c)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		table.WriteString(line)
		notes.WriteString(note)
	}
	table.WriteString(notes.String())
	fmt.Print(table.String())
	return os.WriteFile(filepath.Join(f.out, "mission.md"), []byte(table.String()), 0o644)
}

// crowded measures one crowd, and holds what users were told against the journal.
func (f *figures) crowded(c *awaited) (line, note string, err error) {
	one, internal, err := f.startMission(c.s.Name)
	if err != nil {
		return "", "", err
	}
	defer one.stop()
	offered, stop := make(chan series, 1), make(chan struct{})
	go func() { offered <- c.offer(internal, stop) }()
	r, err := f.measureUnder([]string{"taskset", "-c", strconv.Itoa(runtime.NumCPU() - 1)}, c.s, "", []*server{one})
	close(stop)
	made := <-offered
	if err := errors.Join(err, made.err); err != nil {
		return "", "", err
	}
	p := phase(r, c.phase)
	won := int64(0)
	for i := range made.n {
		n, err := journal(internal, fmt.Sprint("offer-", i))
		if err != nil {
			return "", "", err
		}
		won += n
	}
	claims := answers(p, "bonus_claim")
	if claims.Said["won"] != won || c.offers && won == 0 {
		return "", "", fmt.Errorf("%d were told that they won, and the journal has %d", claims.Said["won"], won)
	}
	note = fmt.Sprintf("\n%s: %d offers, of which %d were claimed by %d claims, as the journal has it; answers %v.", c.name, made.n, won, claims.Count(), claims.Said)
	for _, w := range r.Warnings {
		note += "\nwarning: " + w
	}
	return c.row(r, p), note + "\n", nil
}

// row is a crowd's line of the table.
func (c *awaited) row(r *report.Report, p *report.Phase) string {
	var cpu, there, seconds float64
	var counts report.Counts
	for _, s := range r.Samples {
		if s.Phase == p.Name && s.At > p.Start+c.settle.Seconds() && s.At <= p.Start+p.Seconds && s.Server != nil {
			cpu, there, seconds = cpu+s.Server.CPU, there+float64(s.Open), seconds+1
			counts.Add(s.Counts)
		}
	}
	offer, claim := p.Latencies[report.EventOf("bonus_offer")], p.Latencies[report.AnswerTo("bonus_claim")]
	each := func(n int64) string { return three(float64(n) / p.Seconds) }
	return fmt.Sprintf("| %s | %.0f | %s | %s | %s | %s | %s | %s | %s | %s, %s | %s, %s | %s, %s |\n", c.name, there/seconds, three(1e6*cpu/there), three(cpu/seconds), three(r.Memory(p)),
		three(float64(counts.Connects)/seconds), three(float64(counts.Heartbeat)/seconds), each(answers(p, "watch").Count()), each(answers(p, "bonus_claim").Count()),
		millis(offer, 0.5), millis(offer, 0.99), millis(claim, 0.5), millis(claim, 0.99), millis(p.Latencies[report.Lateness], 0.99), three(p.Bench.CPU/p.Seconds))
}

// answers are those to an event.
func answers(p *report.Phase, event string) *report.Answers {
	if a := p.Answers[event]; a != nil {
		return a
	}
	return &report.Answers{}
}

// series is how many offers were made, until one failed.
type series struct {
	n   int
	err error
}

// offer offers a bonus at a steady pace, from when the crowd has come until it goes.
func (c *awaited) offer(internal string, stop <-chan struct{}) (made series) {
	if !c.offers {
		return series{}
	}
	if made.err = gathered(internal, c.s.Count(), stop); made.err != nil {
		return made
	}
	for tick := time.NewTicker(missionEvery); ; {
		select {
		case <-stop:
			tick.Stop()
			return made
		case <-tick.C:
		}
		if err := create(internal, fmt.Sprint("offer-", made.n), stream, missionQuota, missionOpen); err != nil {
			made.err = err
			return made
		}
		made.n++
	}
}

// startMission starts a server on all cores but the last, with books in a file of
// their own.
func (f *figures) startMission(name string) (one *server, internal string, err error) {
	file := filepath.Join(f.dir, "mission-server.toml")
	if err := os.WriteFile(file, []byte(missionConfig), 0o600); err != nil {
		return nil, "", err
	}
	if internal, err = freePort(); err != nil {
		return nil, "", err
	}
	last := runtime.NumCPU() - 1
	f.cores = []string{"taskset", "-c", fmt.Sprint("0-", last-1)}
	defer func() { f.cores = nil }()
	one, err = f.startThrong(last, "--config", file, "--internal", internal, "--set", "store.kind=sqlite", "--set", "store.file="+filepath.Join(f.dir, name+".db"))
	return one, "http://" + internal, err
}
