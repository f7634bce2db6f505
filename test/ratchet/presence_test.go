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
	s := patient(t)
	c := startCrowdIn(t, s.Public(), "presence:hall")
	before := live(t, s)
	began := time.Now()
	c.do("connect " + strconv.Itoa(connections))
	told := settledDeliveries(t, s)
	took := time.Since(began)
	got := (live(t, s) - before) / connections
	t.Logf("%.1f bytes a present connection; all joined and told in %.1f s, %.1f deliveries to each", got, took.Seconds(), told/connections)
	if members := metric(t, s, "throng_presence_members"); members != connections {
		t.Errorf("%v members", members)
	}
	if limit := connections * (took.Seconds() + 2); told > limit {
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

// settledDeliveries waits until what is told late is told, and returns how much was told in
// all.
func settledDeliveries(t *testing.T, s *process.Server) float64 {
	t.Helper()
	for last, end := -1.0, time.Now().Add(time.Minute); ; {
		told := metric(t, s, "throng_deliveries_total")
		switch {
		case told == last && metric(t, s, "throng_presence_members") == connections:
			return told
		case time.Now().After(end):
			t.Fatal("they are told something for ever")
		}
		last = told
		time.Sleep(2 * time.Second)
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
