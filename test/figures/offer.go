//go:build linux

package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"throng/internal/bench/report"
	"throng/internal/bench/scenario"
)

// offers is a channel whose publications are urgent and expire.
const (
	offers      = "offer:all"
	offerTTL    = 3 * time.Second
	offerEvery  = time.Second
	offerRounds = 20
	deafShare   = 10 // one of so many does not read
)

const offerConfig = `
[[namespace]]
name = "offer"
slow_policy = "newest"
urgent = true
publication_ttl = "%s"
[[namespace]]
name = "bench"
slow_policy = "newest"
`

// offering is a crowd in the channel of offers, one of whom makes them.
func offering(users int) *scenario.Scenario {
	return &scenario.Scenario{
		Name: "offer", Title: fmt.Sprintf("An offer a second to %d users", users), Heartbeat: scenario.Off,
		Users: []scenario.Users{{Name: "users", Count: users, Join: []string{offers}, Scripts: []scenario.Script{
			{Users: 1, Every: scenario.Duration(offerEvery), Times: offerRounds, Steps: []scenario.Step{{Do: scenario.Send, Channel: offers}}},
		}}},
		Phases: []scenario.Phase{arrive(), idle(2 * time.Second), act("offers", 0)},
	}
}

// offer measures offers to a crowd of which a tenth has stopped reading: from publish
// to the call that writes them, by the server's histogram, and to who reads, by the
// bench. The deaf ones' buffers are full of other messages, so offers wait in the
// server, and must not come when they read again after the deadline.
func (f *figures) offer() error {
	var table strings.Builder
	table.WriteString(heading(fmt.Sprintf("%d offers, urgent and good for %v, to %d users of whom a tenth does not read; two loops beside the bench", offerRounds, offerTTL, f.users)))
	table.WriteString("\n| round | publish to socket write: p50, p99, p99.9, ms | publish to receipt: p50, p99, p99.9, ms | the bench was late by p99, ms | expired unwritten | written late | read by who was deaf |\n|---|---|---|---|---|---|---|\n")
	for round := range max(1, f.rounds) {
		line, err := f.offered()
		if err != nil {
			return err
		}
		fmt.Fprintf(&table, "| %d | %s\n", round+1, line)
	}
	fmt.Print(table.String())
	return os.WriteFile(filepath.Join(f.out, "offer.md"), []byte(table.String()), 0o644)
}

// freePort is an address that nobody listened at a moment ago.
func freePort() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer ln.Close()
	return ln.Addr().String(), nil
}

func (f *figures) offered() (string, error) {
	file := filepath.Join(f.dir, "offer-server.toml")
	if err := os.WriteFile(file, fmt.Appendf(nil, offerConfig, offerTTL), 0o600); err != nil {
		return "", err
	}
	internal, err := freePort()
	if err != nil {
		return "", err
	}
	one, err := f.startThrong(2, "--config", file, "--internal", internal, "--set", "websocket.write_timeout=1h",
		"--set", "websocket.ping_interval=0s", "--set", "phoenix.idle_timeout=1h")
	if err != nil {
		return "", err
	}
	defer one.stop()
	internal = "http://" + internal
	deaf, err := deafen(one.addr, internal, f.users/deafShare)
	defer hangUp(deaf)
	if err != nil {
		return "", err
	}
	before, err := scrape(internal)
	if err != nil {
		return "", err
	}
	r, err := f.measure(offering(f.users-len(deaf)), "", []*server{one})
	if err != nil {
		return "", err
	}
	offered, err := scrape(internal) // before the deaf get what waited for them
	if err != nil {
		return "", err
	}
	time.Sleep(offerTTL + time.Second)
	heard, err := hear(deaf)
	if err != nil {
		return "", err
	}
	after, err := scrape(internal)
	if err != nil {
		return "", err
	}
	m, end := offered.since(before), after.since(before)
	p := phase(r, "offers")
	d, late := p.Latencies[report.Delivery], p.Latencies[report.Lateness]
	return fmt.Sprintf("%s, %s, %s | %s, %s, %s | %s | %.0f | %.0f | %d |", three(m.quantile(0.5)), three(m.quantile(0.99)), three(m.quantile(0.999)),
		millis(d, 0.5), millis(d, 0.99), millis(d, 0.999), millis(late, 0.99), end.expired, end.late, heard), nil
}
