package load

import (
	"throng/internal/bench/report"
)

// Between the process that leads and those that make load, lines of JSON go back
// and forth: orders one way, notes the other.

// Order is what a worker is told. One member is set.
type Order struct {
	Plan    *Plan  `json:"plan,omitempty"`    // the first one
	Clock   bool   `json:"clock,omitempty"`   // what is the time there?
	Start   *Start `json:"start,omitempty"`   // begin a phase
	Tally   bool   `json:"tally,omitempty"`   // what has come in so far?
	Collect bool   `json:"collect,omitempty"` // end the phase, tell its figures
	Stop    bool   `json:"stop,omitempty"`
}

// Start begins a phase.
type Start struct {
	Phase int   `json:"phase"` // of the scenario
	Run   int64 `json:"run"`   // when the run began, nanoseconds since the Unix epoch
	At    int64 `json:"at"`    // when the phase begins
}

// Note is what a worker tells. One member is set.
type Note struct {
	Clock  int64         `json:"clock,omitempty"`
	Ready  *report.Usage `json:"ready,omitempty"` // the plan is understood; what the process uses so far
	Sample *Sample       `json:"sample,omitempty"`
	Done   int           `json:"done,omitempty"` // its part of the phase of this number, from 1
	Tally  *Tally        `json:"tally,omitempty"`
	Part   *Part         `json:"part,omitempty"`
	Error  string        `json:"error,omitempty"` // it can't go on
}

// Sample is a second of a worker.
type Sample struct {
	Second int               `json:"second"` // of the run
	Open   int64             `json:"open"`
	Joined int64             `json:"joined"`
	Counts report.Counts     `json:"counts"`
	Main   *report.Histogram `json:"main,omitempty"`
	Lasts  []Last            `json:"lasts,omitempty"`
	Usage  report.Usage      `json:"usage"` // of the process until now
	Busy   float64           `json:"busy"`  // share of the second in which the worker did not wait
	Moved  bool              `json:"moved"` // the phase goes on, or will by its timetable
}

// Tally is where deliveries stand.
type Tally struct {
	Checks   report.Checks         `json:"checks"`
	Received int64                 `json:"received"`
	Channels map[string]Deliveries `json:"channels,omitempty"` // by target and name
}

// Deliveries are those of a channel in a phase.
type Deliveries struct {
	Subs     int64 `json:"subs"`
	Sent     int64 `json:"sent"` // messages that the server accepted
	Received int64 `json:"received"`
}

// Part is what a worker measured in a phase.
type Part struct {
	End       int64                        `json:"end"` // when the last of it happened
	Counts    report.Counts                `json:"counts"`
	Latencies map[string]*report.Histogram `json:"latencies"`
	Lasts     []Last                       `json:"lasts,omitempty"`
	Checks    report.Checks                `json:"checks"`
	Failures  map[string]int64             `json:"failures"`
	Usage     report.Usage                 `json:"usage"`
	Answers   map[string]Answers           `json:"answers,omitempty"` // to events, by their names
	Away      int64                        `json:"away"`              // users who are not connected and will not come back
}

// Answers are what was answered to events of a name.
type Answers struct {
	From int64            `json:"from"` // when the first was pushed, nanoseconds since the Unix epoch
	To   int64            `json:"to"`   // when the last was answered; 0: none was
	Said map[string]int64 `json:"said"` // what answers said → how often
}
