//go:build linux

// Package ratchet holds what throng has reached: 15,000 joined connections must
// not take more memory each, and deliveries and heartbeats not allocate more,
// than the recorded figures allow. Figures may only be recorded anew
// (go test ./test/ratchet -update) with a reason in the commit.
//
// Server and client are processes of their own: one process may hold 20,000
// descriptors, and the client's memory must not be counted.
package ratchet

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"throng/test/process"
)

const connections = 15_000

var update = flag.Bool("update", false, "record the figures of this run")

// figures are what is held fast. Memory is in bytes per joined connection.
type figures struct {
	// Live is what the heap grew by, after a collection.
	Live float64 `json:"live_bytes_per_connection"`
	// Resident is what the process grew by, as the system counts, without any
	// forced collection.
	Resident float64 `json:"resident_bytes_per_connection"`
	// Allocations of the server per delivery and per heartbeat. A publication
	// itself may allocate; over 15,000 deliveries that is next to nothing.
	Delivery  float64 `json:"allocations_per_delivery"`
	Heartbeat float64 `json:"allocations_per_heartbeat"`
	// Stream is Live for an event stream of one channel with history.
	Stream float64 `json:"live_bytes_per_event_stream"`
	// Present is Live for one in a channel with presence, anonymous.
	Present float64 `json:"live_bytes_per_present_connection"`
}

// slack is how much worse than recorded passes. Nothing is not improved by 10 %,
// so allocations have a floor below which they count as none.
const (
	slack = 1.10
	none  = 0.05
)

func TestRatchet(t *testing.T) {
	got := measure(t)
	t.Logf("%+v", got)
	if *update {
		got.Stream, got.Present = recorded(t).Stream, recorded(t).Present
		record(t, got)
	}
	want := recorded(t)
	check := func(what string, got, want, floor float64) {
		if limit := max(want*slack, floor); got > limit {
			t.Errorf("%s: %.4g, recorded %.4g, at most %.4g passes", what, got, want, limit)
		}
	}
	check("live bytes per connection", got.Live, want.Live, 0)
	check("resident bytes per connection", got.Resident, want.Resident, 0)
	check("allocations per delivery", got.Delivery, want.Delivery, none)
	check("allocations per heartbeat", got.Heartbeat, want.Heartbeat, none)
}

func measure(t *testing.T) (f figures) {
	s := patient(t)
	c := startCrowd(t, s.Public())

	live0 := live(t, s)
	resident0 := resident(t, s)
	c.do(fmt.Sprint("connect ", connections))
	f.Resident = float64(resident(t, s)-resident0) / connections
	f.Live = (live(t, s) - live0) / connections

	c.do("heartbeat") // the loops' own memory grows to what they need
	c.do("publish 4")
	const rounds = 4
	f.Heartbeat = allocations(t, s, func() {
		for range rounds {
			c.do("heartbeat")
		}
	}) / (rounds * connections)
	f.Delivery = allocations(t, s, func() {
		for range rounds {
			c.do("publish 1")
		}
		c.do("publish 16")
	}) / ((rounds + 16) * connections)
	return f
}

// patient is a server that drops nobody who is silent for long, as the crowd is on a machine
// that is slow.
func patient(t *testing.T) *process.Server {
	t.Helper()
	return process.Start(t, process.Build(t, "./cmd/throng"), "serve", "--dev", "--log-level", "info",
		"--set", "phoenix.idle_timeout=1h", "--set", "websocket.ping_interval=1h")
}

// allocations returns how many objects the server allocated meanwhile, apart
// from what asking costs.
func allocations(t *testing.T, s *process.Server, f func()) float64 {
	a := memory(t, s, "Mallocs")
	b := memory(t, s, "Mallocs")
	f()
	c := memory(t, s, "Mallocs")
	return max(0, (c-b)-(b-a))
}

// live returns the heap that is in use after a collection.
func live(t *testing.T, s *process.Server) float64 { return memory(t, s, "HeapAlloc") }

// memory returns a field of the server's runtime.MemStats after a collection.
// The heap profile has exact ones; those of /metrics lag behind by what each
// processor caches.
func memory(t testing.TB, s *process.Server, field string) float64 {
	t.Helper()
	for line := range strings.Lines(get(t, s, "/debug/pprof/heap?gc=1&debug=1")) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "# "+field+" = "); ok {
			v, err := strconv.ParseFloat(value, 64)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
	}
	t.Fatalf("the heap profile does not tell %s", field)
	return 0
}

func get(t testing.TB, s *process.Server, path string) string {
	t.Helper()
	ask, err := http.NewRequest(http.MethodGet, "http://"+s.Internal()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	ask.Header.Set("Accept-Encoding", "identity") // a compressor has a megabyte, which the server keeps
	r, err := http.DefaultClient.Do(ask)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func resident(t *testing.T, s *process.Server) int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", s.PID()))
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(b))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

// crowd is the client process.
type crowd struct {
	t   testing.TB
	cmd *exec.Cmd
	in  io.Writer
	out *bufio.Scanner
}

func startCrowd(t testing.TB, addr string) *crowd {
	t.Helper()
	return startCrowdIn(t, addr, "room:1")
}

// startCrowdIn is startCrowd with another channel.
func startCrowdIn(t testing.TB, addr, channel string) *crowd {
	t.Helper()
	return startCrowdAt(t, addr, "/socket/websocket?vsn=2.0.0", channel)
}

// startCrowdAt is startCrowd with another request and channel.
func startCrowdAt(t testing.TB, addr, path, channel string) *crowd {
	t.Helper()
	cmd := exec.Command(process.Build(t, "./test/crowd"), addr, path, channel)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &crowd{t, cmd, in, bufio.NewScanner(out)}
	t.Cleanup(c.stop)
	return c
}

func (c *crowd) stop() {
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait()
}

// result is what the crowd says of a command: see test/crowd.
type result struct {
	Done         int
	Seconds, P99 float64
}

// do runs one command of the crowd to its end.
func (c *crowd) do(command string) (r result) {
	c.t.Helper()
	fmt.Fprintln(c.in, command)
	if !c.out.Scan() {
		c.t.Fatalf("crowd ended at %q", command)
	}
	if err := json.Unmarshal(c.out.Bytes(), &r); err != nil {
		c.t.Fatal(err)
	}
	if _, benchmark := c.t.(*testing.B); !benchmark {
		c.t.Logf("%-14s %s", command, c.out.Text())
	}
	return r
}

const file = "figures.json"

func recorded(t *testing.T) (f figures) {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

func record(t *testing.T, f figures) {
	b, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(b, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}
