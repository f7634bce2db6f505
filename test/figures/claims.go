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

const (
	claimers    = 10_000
	claimRounds = 3
	claimAfter  = 3 * time.Second // the crowd has come, until all wait for the offer
	claimOpen   = 60              // seconds that an offer is open
)

// pressing is users who all wait for an offer, and claim it when it comes.
func pressing(users int) *scenario.Scenario {
	return &scenario.Scenario{
		Name: "claims", Title: fmt.Sprintf("%d users claim one bonus at once", users), Heartbeat: scenario.Off,
		Params: map[string]string{"user_id": "u{user}"},
		Users: []scenario.Users{{Name: "users", Count: users, Join: []string{stream}, Scripts: []scenario.Script{{Times: 1, Steps: []scenario.Step{
			{Do: scenario.Await, Channel: stream, Event: "bonus_offer", Since: "time"},
			{Do: scenario.Push, Channel: stream, Event: "bonus_claim", Data: `{"id":"{event.id}","claim_id":"{user}"}`, Answer: "result"},
		}}}}},
		Phases: []scenario.Phase{arrive(), idle(time.Second), act("claims", 0)},
	}
}

// claims measures claims over sockets: an offer comes to users who all claim it at
// once. The server has a core of its own, and its journal in a file of SQLite.
func (f *figures) claims() error {
	if runtime.NumCPU() < 2 {
		return fmt.Errorf("claims needs two cores")
	}
	users := min(f.users, claimers)
	var table strings.Builder
	table.WriteString(heading(fmt.Sprintf("%d users claim one bonus when its offer comes, over their sockets; one loop on a core of its own", users)))
	table.WriteString("\n| quota | round | claims/s, first to last answer | the same took, ms | answer to a claim: p50, p99, max, ms | offer to receipt: p50, p99, ms | CPU of the server, µs per claim | the bench was late by p99, ms | answers |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, quota := range []int{10, users} {
		for round := range claimRounds {
			line, err := f.claimed(users, quota, round)
			if err != nil {
				return fmt.Errorf("quota %d: %w", quota, err)
			}
			table.WriteString(line)
		}
	}
	fmt.Print(table.String())
	return os.WriteFile(filepath.Join(f.out, "claims.md"), []byte(table.String()), 0o644)
}

// claimed measures one offer, and holds what users were told against the journal.
func (f *figures) claimed(users, quota, round int) (string, error) {
	id := fmt.Sprintf("claims-%d-%d", quota, round)
	one, internal, err := f.startMission(id)
	if err != nil {
		return "", err
	}
	defer one.stop()
	lost, offered := make(chan struct{}), make(chan error, 1)
	go func() {
		err := gathered(internal, users, lost)
		if err == nil {
			time.Sleep(claimAfter)
			err = create(internal, id, stream, quota, claimOpen)
		}
		offered <- err
	}()
	r, err := f.measureUnder([]string{"taskset", "-c", strconv.Itoa(runtime.NumCPU() - 1)}, pressing(users), "", []*server{one})
	close(lost) // the crowd
	if err := errors.Join(err, <-offered); err != nil {
		return "", err
	}
	p := phase(r, "claims")
	a := answers(p, "bonus_claim")
	has, err := journal(internal, id)
	if err != nil {
		return "", err
	}
	if want := int64(min(quota, users)); has != want || a.Said["won"] != want || a.Count() != int64(users) || a.Said["exhausted"] != int64(users)-want {
		return "", fmt.Errorf("%d users were told %v, and the journal has %d", users, a.Said, has)
	}
	claim, offer := p.Latencies[report.AnswerTo("bonus_claim")], p.Latencies[report.EventOf("bonus_offer")]
	return fmt.Sprintf("| %d | %d | %s | %s | %s, %s, %s | %s, %s | %s | %s | %d won, %d exhausted |\n", quota, round+1, three(a.Rate()), three(1000*(a.To-a.From)),
		millis(claim, 0.5), millis(claim, 0.99), millis(claim, 1), millis(offer, 0.5), millis(offer, 0.99),
		three(1e6*p.Server.CPU/float64(users)), millis(p.Latencies[report.Lateness], 0.99), a.Said["won"], a.Said["exhausted"]), nil
}

// gathered waits until so many are connected, and fails when they are lost.
func gathered(internal string, users int, lost <-chan struct{}) error {
	for tick := time.NewTicker(200 * time.Millisecond); ; {
		m, err := scrape(internal)
		if err != nil || m.connections >= float64(users) {
			tick.Stop()
			return err
		}
		select {
		case <-lost:
			return errors.New("the crowd is gone")
		case <-tick.C:
		}
	}
}
