package report_test

import (
	"bytes"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"throng/internal/bench/report"
)

// What was written is read again, whole.
func TestReadGivesBack(t *testing.T) {
	var first, second, table, again bytes.Buffer
	r := usual()
	if err := r.WriteJSON(&first); err != nil {
		t.Fatal(err)
	}
	back, err := report.Read(bytes.NewReader(first.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if err := back.WriteJSON(&second); err != nil {
		t.Fatal(err)
	}
	if first.String() != second.String() {
		t.Error("a report changed by being read")
	}
	if err := r.WriteTable(&table); err != nil {
		t.Fatal(err)
	}
	if err := back.WriteTable(&again); err != nil {
		t.Fatal(err)
	}
	if table.String() != again.String() {
		t.Errorf("the table changed:\n%s\n%s", table.String(), again.String())
	}
	for _, line := range strings.Split(table.String(), "\n") {
		if n := len([]rune(line)); n > 100 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

func TestReadToleratesWhatIsNew(t *testing.T) {
	r, err := report.Read(strings.NewReader(`{"tool":"throng v9","color":"red","phases":[{"name":"x","weather":1}]}`))
	if err != nil || r.Tool != "throng v9" || r.Phases[0].Name != "x" {
		t.Errorf("%+v, %v", r, err)
	}
}

// What is no report is refused with the name of its file.
func TestReadRefuses(t *testing.T) {
	for _, text := range []string{"", "hello", "null", "{}", "[]", `{"name":"throng"}`, `{"tool":1}`, `{"tool":"x"} {}`,
		`{"tool":"x","samples":[{"latency":[[5,-1]]}]}`, `{"tool":"x","samples":[{"latency":[[5,9007199254740992],[6,1]]}]}`} {
		path := filepath.Join(t.TempDir(), "run.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := report.ReadFile(path)
		if err == nil || !strings.HasPrefix(err.Error(), path+": not a report of a load test: ") {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := report.ReadFile(filepath.Join(t.TempDir(), "none.json")); err == nil || !strings.Contains(err.Error(), "none.json") {
		t.Errorf("no file: %v", err)
	}
}

func TestExchange(t *testing.T) {
	tests := []struct {
		counts report.Counts
		want   report.Exchange
	}{
		{report.Counts{Received: 5, Replies: 9, Heartbeat: 9, Joins: 9, Connects: 9}, report.Exchange{Name: "delivery", Count: 5}},
		{report.Counts{Replies: 5, Heartbeat: 9, Joins: 9, Connects: 9}, report.Exchange{Name: "reply", Count: 5}},
		{report.Counts{Heartbeat: 9, Joins: 5, Connects: 5}, report.Exchange{Name: "heartbeat", Count: 9}},
		{report.Counts{Heartbeat: 4, Joins: 5, Connects: 5}, report.Exchange{Name: "connect + join", Count: 5}},
		{report.Counts{Joins: 5}, report.Exchange{Name: "join", Count: 5}},
		{report.Counts{Connects: 5}, report.Exchange{Name: "connect", Count: 5}},
		{report.Counts{Sent: 5}, report.Exchange{}},
	}
	for _, test := range tests {
		if got := (&report.Phase{Counts: test.counts}).Exchange(); got != test.want {
			t.Errorf("%+v: %+v, want %+v", test.counts, got, test.want)
		}
	}
}

// Memory is divided among the connections that came while it grew; where most
// were there before the first look, nothing can be said.
func TestMemory(t *testing.T) {
	r := plainRun()
	if got := r.Memory(&r.Phases[0]); got != 600 {
		t.Errorf("after connecting: %v", got)
	}
	r.Samples[0].Open = 40
	if got := r.Memory(&r.Phases[0]); got != 1000 {
		t.Errorf("40 were there before: %v", got)
	}
	r.Samples[0].Open = 90
	if got := r.Memory(&r.Phases[0]); !math.IsNaN(got) {
		t.Errorf("nearly all were there before: %v", got)
	}
	r.Samples[0].Open, r.Samples[0].Server = 0, nil
	if got := r.Memory(&r.Phases[0]); !math.IsNaN(got) {
		t.Errorf("nobody looked before: %v", got)
	}
}

// Whatever can be read can be shown.
func FuzzRead(f *testing.F) {
	var b bytes.Buffer
	if err := plainRun().WriteJSON(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	for _, text := range []string{"", "null", `{"tool":"x"}`, `{"phases":[{"latencies":{"delivery":null,"x":[[1,1]]}}],"samples":[{}]}`,
		`{"phases":[{"name":"a","seconds":1e308,"start":-1e308,"counts":{"received":1},"server":{"cpu":1e308}}],"samples":[{"at":1e308},{"at":-1e308,"server":{"rss":-9}}]}`,
		`{"tool":"x","samples":[{"at":1,"open":9223372036854775807,"server":{}},{"at":1,"open":-9223372036854775808,"latency":[[9223372036854775807,9]]}],"asserts":[{"text":"p99<1ms","value":1e308}]}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := report.Read(bytes.NewReader(b))
		if err != nil {
			return
		}
		c := report.Compare(r, plainRun())
		for name, write := range map[string]func(io.Writer) error{"table": r.WriteTable, "html": r.WriteHTML, "live": r.WriteLive,
			"json": r.WriteJSON, "compare table": c.WriteTable, "compare html": c.WriteHTML} {
			var out bytes.Buffer
			if err := write(&out); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if bytes.Contains(b, []byte("NaN")) || bytes.Contains(b, []byte("Inf")) {
				continue
			}
			if bad := number.Find(out.Bytes()); bad != nil && !bytes.Contains(b, bad) {
				t.Errorf("%s has %q", name, bad)
			}
		}
	})
}
