package bench_test

import (
	"testing"

	"throng/internal/bench"
	"throng/internal/bench/report"
	"throng/internal/bench/scenario"
	"throng/internal/protocol/phoenix"
)

// What several processes were answered is put together.
func TestAnswersOfSeveralProcesses(t *testing.T) {
	t.Parallel()
	pushes := 0
	s := perform(t, &stage{reply: func(m *phoenix.Message) string {
		if string(m.Event) == "claim" {
			if pushes++; pushes > 4 {
				return "error" // its reason is how it went
			}
		}
		return "ok"
	}})
	plan, err := scenario.Parse([]byte(`
targets = ["` + s.url() + `"]
heartbeat = "off"
[[users]]
count = 9
join = ["c"]
[[users.script]]
times = 1
[[users.script.step]]
do = "push"
channel = "c"
event = "claim"
answer = "reason"
[[phase]]
do = "arrive"
[[phase]]
do = "act"
`))
	if err != nil {
		t.Fatal(err)
	}
	r, err := bench.Run(t.Context(), bench.Options{Scenario: plan, Spawn: crew, Processes: 3})
	if err != nil {
		t.Fatal(err)
	}
	p := r.Phases[1]
	a := p.Answers["claim"]
	if a == nil || a.Count() != 9 || a.Said["because"] != 9 || a.To <= a.From || a.From < p.Start || a.To > p.Start+p.Seconds+0.001 {
		t.Errorf("%+v within %v to %v", a, p.Start, p.Start+p.Seconds)
	}
	if n := p.Latencies[report.AnswerTo("claim")].Count(); n != 9 || len(r.Failures) > 0 || pushes != 9 {
		t.Errorf("%d answers were timed, %d pushed, %v", n, pushes, r.Failures)
	}
}
