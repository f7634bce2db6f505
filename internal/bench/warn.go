package bench

import (
	"fmt"
	"time"

	"throng/internal/bench/report"
	"throng/internal/bench/scenario"
)

// What makes figures doubtful.
const (
	tooBusy = 0.9                   // share of a second in which a member did not wait
	tooLate = 20 * time.Millisecond // 99 % of the messages were sent sooner after they were to be
	tooFull = 0.03                  // share of the machine's time in which it had nothing to do
)

// warn says why figures may tell of the bench instead of the server.
func (l *leader) warn() {
	say := func(format string, args ...any) {
		l.report.Warnings = append(l.report.Warnings, fmt.Sprintf(format, args...))
	}
	if l.busiest > tooBusy {
		say("a load generating process was busy %.0f %% of a second: it may have been the bottleneck; use more with --processes, or agents on other machines", 100*min(1, l.busiest))
	}
	for _, p := range l.report.Phases {
		if h := p.Latencies[report.Lateness]; h != nil && h.Quantile(0.99) > tooLate {
			say("phase %s: the bench sent up to %v later than planned (99 %%); latencies include it", p.Name, h.Quantile(0.99).Round(time.Millisecond))
		}
		if !l.resting(p.Name) && p.Idle >= 0 && p.Idle < tooFull && p.Seconds > 1 {
			say("phase %s: this machine had nothing to spare (%.0f %% idle): server and bench took time from each other", p.Name, 100*p.Idle)
		}
	}
	for _, m := range l.crew {
		if m.remote {
			say("%s: its clock was compared to within %v; latencies between machines are no more exact", m.name, m.error.Round(time.Microsecond))
		}
	}
}

// resting reports whether nothing is done in a phase.
func (l *leader) resting(name string) bool {
	for _, p := range l.o.Scenario.Phases {
		if p.Name == name {
			return p.Do == scenario.Idle
		}
	}
	return false
}
