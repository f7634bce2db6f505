//go:build linux

package ratchet

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"throng/test/process"
)

// TestPresent: in a channel with presence, where each is a member under a key of its
// own, a connection takes no more memory than recorded; and a crowd that joins it gets
// a message a second, not one for each who joins.
func TestPresent(t *testing.T) {
	s := process.Start(t, process.Build(t, "./cmd/throng"), "serve", "--dev", "--log-level", "info")
	c := startCrowdIn(t, s.Public(), "presence:hall")
	before := live(t, s)
	began := time.Now()
	c.do("connect " + strconv.Itoa(connections))
	took := time.Since(began)
	time.Sleep(2500 * time.Millisecond) // what is told late is told
	got := (live(t, s) - before) / connections
	told := metric(t, s, "throng_deliveries_total")
	t.Logf("%.1f bytes a present connection; all joined in %.1f s, %.1f deliveries to each", got, took.Seconds(), told/connections)
	if members := metric(t, s, "throng_presence_members"); members != connections {
		t.Errorf("%v members", members)
	}
	if limit := connections * (took.Seconds() + 4); told > limit {
		t.Errorf("%v deliveries in %v", told, took)
	}
	if *update {
		f := recorded(t)
		f.Present = got
		record(t, f)
	}
	if want := recorded(t).Present; got > want*slack {
		t.Errorf("%.1f bytes a present connection, recorded %.1f", got, want)
	}
}

// metric returns one without labels.
func metric(t *testing.T, s *process.Server, name string) float64 {
	t.Helper()
	for line := range strings.Lines(get(t, s, "/metrics")) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), name+" "); ok {
			v, err := strconv.ParseFloat(value, 64)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}
