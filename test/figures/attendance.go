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

// Who comes, and how often, once the crowd is there.
const (
	comers     = 1000
	comerEvery = 500 * time.Millisecond // so many times 1000 is 2,000 joins a second
	comersFor  = 24 * time.Second
	calmFor    = 8 * time.Second
	// crowdRate is how many of the crowd come in a second: all servers must take the
	// same time. Who counts a crowd tells it once a second, and a store writes behind
	// those who come, so a server that is held up would be charged for more of both.
	crowdRate = 4000
)

// books is what a server keeps of who is there.
type books struct {
	name, namespace string
	set             []string
}

// keepings are the ways to keep books that are compared. What others do is in a
// namespace of its own, of which none are kept.
func (f *figures) keepings() []books {
	file := func(i int) []string {
		return []string{"--set", "store.kind=sqlite", "--set", "store.file=" + filepath.Join(f.dir, fmt.Sprintf("visits-%d.db", i))}
	}
	none := []string{"--set", "store.kind=off"}
	return []books{
		{"none", "presence = \"off\"", none},
		{"presence", "presence = \"users\"", none},
		{"visits", "presence = \"off\"\nvisits = true", file(1)},
		{"both", "presence = \"users\"\nvisits = true", file(2)},
	}
}

// present is a crowd of users in one channel that then does nothing. The books are
// closed in the phase "settle".
func present(users int) *scenario.Scenario {
	return &scenario.Scenario{
		Name: "present", Heartbeat: scenario.Off, Params: map[string]string{"user_id": "u{user}"},
		Users:  []scenario.Users{{Name: "crowd", Count: users, Join: []string{all}, Arrive: []scenario.Arrival{{Rate: crowdRate}}}},
		Phases: []scenario.Phase{arrive(), {Name: "settle", Do: scenario.Idle, For: scenario.Duration(isolationSettle)}, idle(calmFor), {Name: "stay", Do: scenario.Idle, For: scenario.Duration(comersFor + 4*time.Second)}},
	}
}

// coming is users who come to that channel and go again.
func coming() *scenario.Scenario {
	return &scenario.Scenario{
		Name: "coming", Heartbeat: scenario.Off, Params: map[string]string{"user_id": "c{user}"},
		Users: []scenario.Users{{Name: "comers", Count: comers, Scripts: []scenario.Script{
			{Every: scenario.Duration(comerEvery), Jitter: "random", Steps: []scenario.Step{{Do: scenario.Join, Channel: all}, {Do: scenario.Leave, Channel: all}}},
		}}},
		Phases: []scenario.Phase{arrive(), act("act", comersFor)},
	}
}

// calm is what others do meanwhile, in channels of which no books are kept.
func calm(d time.Duration) *scenario.Scenario {
	const own = "calm:{user}"
	return &scenario.Scenario{
		Name: "calm", Heartbeat: scenario.Off,
		Users: []scenario.Users{{Name: "others", Count: 200, Join: []string{own}, Scripts: []scenario.Script{
			{Every: millisecs(400), Jitter: "random", Steps: []scenario.Step{{Do: scenario.Send, Channel: own}}},
		}}},
		Phases: []scenario.Phase{arrive(), act("act", d)},
	}
}

// attendance measures what it costs to know who is there, and to write down for how
// long: a crowd that joins one channel, then 2,000 joins and leaves a second of
// others in it, and what third ones notice in other channels. The server has a core
// of its own.
func (f *figures) attendance() error {
	if runtime.NumCPU() < 2 {
		return fmt.Errorf("attendance needs two cores")
	}
	var table strings.Builder
	table.WriteString(heading(fmt.Sprintf("Books on who is there: %d users join one channel, %d a second, then %d joins/s and as many leaves; one loop on a core of its own",
		f.users, crowdRate, comers*int(time.Second/comerEvery))))
	table.WriteString("\n| books | CPU until all is told and written, µs per connect + join | bytes per connection | CPU while they come and go, cores | deliveries/s then (counts and diffs/s) | joins then p50, p99, ms | elsewhere, calm: p50, p99, ms | elsewhere, then: p50, p99, ms |\n|---|---|---|---|---|---|---|---|\n")
	for range max(1, f.rounds) {
		for _, b := range f.keepings() {
			line, err := f.attended(b)
			if err != nil {
				return fmt.Errorf("%s: %w", b.name, err)
			}
			table.WriteString(line)
		}
	}
	fmt.Print(table.String())
	return os.WriteFile(filepath.Join(f.out, "attendance.md"), []byte(table.String()), 0o644)
}

// attended measures one way of keeping books.
func (f *figures) attended(b books) (string, error) {
	file := filepath.Join(f.dir, b.name+"-server.toml")
	text := "[[namespace]]\nname = \"bench\"\n" + b.namespace + "\n[[namespace]]\nname = \"calm\"\npresence = \"off\"\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return "", err
	}
	internal, err := freePort()
	if err != nil {
		return "", err
	}
	last := runtime.NumCPU() - 1
	f.cores = []string{"taskset", "-c", fmt.Sprint("0-", last-1)}
	one, err := f.startThrong(last, append([]string{"--config", file, "--internal", internal}, b.set...)...)
	f.cores = nil
	if err != nil {
		return "", err
	}
	defer one.stop()
	a := attending{f: f, server: one, internal: "http://" + internal}
	if err := a.run(); err != nil {
		return "", err
	}
	return fmt.Sprintf("| %s | %s\n", b.name, a.row()), nil
}

// attending is one server that is measured, and what was found.
type attending struct {
	f        *figures
	server   *server
	internal string // its metrics' URL

	stayed, quiet, going, busy *report.Report
	meanwhile                  scraped // while others come and go
}

// run lets the crowd come, and measures third ones before and while others come and go.
func (a *attending) run() (err error) {
	staying := a.later(present(a.f.users), "19")
	if err := came(2*a.f.users, func() error {
		select {
		case o := <-staying:
			return fmt.Errorf("the crowd is gone: %w", o.err)
		default:
			return nil
		}
	}); err != nil {
		return err
	}
	time.Sleep(isolationSettle)
	if a.quiet, err = a.bench(calm(calmFor-isolationSettle), urgent()); err != nil {
		return err
	}
	going := a.later(coming(), "10")
	time.Sleep(isolationSettle)
	before, err := scrape(a.internal)
	if err != nil {
		return err
	}
	if a.busy, err = a.bench(calm(comersFor/2), urgent()); err != nil {
		return err
	}
	after, err := scrape(a.internal)
	if err != nil {
		return err
	}
	a.meanwhile = after.since(before)
	gone, stayed := <-going, <-staying
	a.going, a.stayed = gone.r, stayed.r
	return errors.Join(gone.err, stayed.err)
}

// row is the line of the table without its name.
func (a *attending) row() string {
	elsewhere := func(r *report.Report) string {
		h := phase(r, "act").Latencies[report.Reply]
		return millis(h, 0.5) + ", " + millis(h, 0.99)
	}
	act := phase(a.going, "act")
	joins := act.Latencies[report.Join]
	cpu := phase(a.stayed, "connect").Server.CPU + phase(a.stayed, "settle").Server.CPU
	return fmt.Sprintf("%s | %s | %s | %s (%s) | %s, %s | %s | %s |", three(1e6*cpu/float64(a.f.users)),
		three(a.stayed.Memory(phase(a.stayed, "idle"))), three(act.Server.CPU/act.Seconds),
		three(a.meanwhile.deliveries/a.meanwhile.seconds), three(a.meanwhile.told/a.meanwhile.seconds),
		millis(joins, 0.5), millis(joins, 0.99), elsewhere(a.quiet), elsewhere(a.busy))
}

type outcome struct {
	r   *report.Report
	err error
}

// bench runs a scenario on the bench's core.
func (a *attending) bench(s *scenario.Scenario, nice string) (*report.Report, error) {
	core := strconv.Itoa(runtime.NumCPU() - 1)
	return a.f.measureUnder([]string{"taskset", "-c", core, "nice", "-n", nice}, s, "", []*server{a.server})
}

// later is bench that goes on meanwhile.
func (a *attending) later(s *scenario.Scenario, nice string) chan outcome {
	done := make(chan outcome, 1)
	go func() { r, err := a.bench(s, nice); done <- outcome{r, err} }()
	return done
}

// came waits until so many sockets are there.
func came(sockets int, lost func() error) error {
	for begin := time.Now(); connections() < sockets; time.Sleep(50 * time.Millisecond) {
		if err := lost(); err != nil {
			return err
		}
		if time.Since(begin) > time.Minute {
			return fmt.Errorf("the crowd did not come")
		}
	}
	return nil
}
