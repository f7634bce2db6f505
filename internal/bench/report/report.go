// Package report is what a load test found: plain data that is written as JSON,
// as a table, as one HTML page, and that can be compared and asserted on.
//
// Times within a run are seconds from its beginning, durations of exchanges are
// in nanoseconds inside histograms and in milliseconds where people read them.
package report

import "time"

// Report is one run.
type Report struct {
	Tool     string    `json:"tool"`     // what made it: "throng v1.2"
	Name     string    `json:"name"`     // of the scenario
	Title    string    `json:"title"`    // one line: what was done
	Scenario string    `json:"scenario"` // the scenario as it ran (TOML)
	Command  []string  `json:"command"`
	Targets  []string  `json:"targets"`
	Began    time.Time `json:"began"`
	Seconds  float64   `json:"seconds"`
	Machine  Machine   `json:"machine"` // that of the bench
	Agents   int       `json:"agents"`  // load generating processes

	Phases  []Phase  `json:"phases"`
	Samples []Sample `json:"samples"` // one a second

	Checks   Checks           `json:"checks"`
	Failures map[string]int64 `json:"failures"` // what went wrong: reason → how often
	Warnings []string         `json:"warnings"` // why figures may mean less than they seem to
	Asserts  []Verdict        `json:"asserts"`
}

// Machine is where the bench ran.
type Machine struct {
	System string `json:"system"` // "linux 6.18.5"
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Memory int64  `json:"memory"` // bytes
}

// Phase is a part of a run with a beginning and an end for all.
type Phase struct {
	Name    string  `json:"name"`  // "connect", "idle", "messages", …
	Start   float64 `json:"start"` // seconds into the run
	Seconds float64 `json:"seconds"`
	Counts  Counts  `json:"counts"`
	// Latencies by name; see the constants.
	Latencies map[string]*Histogram `json:"latencies"`

	// Answers are those to events that scripts pushed, by the event's name.
	Answers map[string]*Answers `json:"answers,omitempty"`

	Server *Usage  `json:"server,omitempty"` // of the processes named by --pid
	Bench  Usage   `json:"bench"`            // of the bench itself, on this machine
	Idle   float64 `json:"idle"`             // share of this machine's processors that had nothing to do; -1: unknown
}

// Names of latencies.
const (
	Connect  = "connect"    // from dialling to the accepted upgrade
	Join     = "join"       // from sending a join to its reply
	Reply    = "round trip" // from when a message was to be sent to its reply or echo
	Delivery = "delivery"   // from when a message was to be sent to its arrival at one subscriber
	Last     = "last"       // the same to the last subscriber of the channel
	Comeback = "comeback"   // from the cut of a connection until it is back and joined
	Lateness = "lateness"   // how much later than planned the bench itself sent
)

// AnswerTo names the latency from when an event was to be pushed to its answer.
func AnswerTo(event string) string { return answerTo + event }

// EventOf names the latency from when the server sent an event, as it says, to its
// arrival at a user who awaited it.
func EventOf(event string) string { return eventOf + event }

const (
	answerTo = "answer to "
	eventOf  = "event "
)

// Answers are what was answered to events of a name in a phase.
type Answers struct {
	From float64          `json:"from"` // seconds into the run: when the first was pushed
	To   float64          `json:"to"`   // when the last was answered
	Said map[string]int64 `json:"said"` // what answers said → how often
}

// Count returns how many answers there were.
func (a *Answers) Count() (n int64) {
	for _, times := range a.Said {
		n += times
	}
	return n
}

// Rate returns the answers a second between the first push and the last answer; NaN
// if that took no time.
func (a *Answers) Rate() float64 {
	if a.To <= a.From {
		return unknown
	}
	return float64(a.Count()) / (a.To - a.From)
}

// Counts are what happened, in a phase or since the last sample.
type Counts struct {
	Connects  int64 `json:"connects"`  // accepted upgrades
	Joins     int64 `json:"joins"`     // accepted joins
	Leaves    int64 `json:"leaves"`    // answered leaves
	Sent      int64 `json:"sent"`      // messages
	Replies   int64 `json:"replies"`   // to messages
	Received  int64 `json:"received"`  // deliveries of messages
	Pushed    int64 `json:"pushed"`    // events that are no messages
	Answers   int64 `json:"answers"`   // to such events
	Events    int64 `json:"events"`    // that a script awaited and got
	Heartbeat int64 `json:"heartbeat"` // heartbeats answered
	Closed    int64 `json:"closed"`    // connections that ended, by whomever
	Failed    int64 `json:"failed"`    // failures of any kind
	BytesIn   int64 `json:"bytes_in"`
	BytesOut  int64 `json:"bytes_out"`
}

// Usage is what processes used.
type Usage struct {
	CPU float64 `json:"cpu"` // seconds of processor time
	RSS int64   `json:"rss"` // resident bytes at the end
}

// Sample is one second of a run.
type Sample struct {
	At     float64 `json:"at"`    // seconds into the run, its end
	Phase  string  `json:"phase"` // in which it ended
	Open   int64   `json:"open"`  // connections now
	Joined int64   `json:"joined"`
	Counts Counts  `json:"counts"` // in this second
	// Latency is that of deliveries, or of replies where there are none.
	Latency *Histogram `json:"latency,omitempty"`
	Server  *Usage     `json:"server,omitempty"` // CPU: seconds used in this second
	Bench   Usage      `json:"bench"`
}

// Checks are what the bench looked for in what it received.
type Checks struct {
	Expected   int64 `json:"expected"`   // deliveries that had to come; 0: not known
	Missing    int64 `json:"missing"`    // that did not come by the end
	Gaps       int64 `json:"gaps"`       // messages that were passed over on the way
	Duplicates int64 `json:"duplicates"` // came twice
	Reordered  int64 `json:"reordered"`  // came after a later one of the same publisher
	Foreign    int64 `json:"foreign"`    // nobody sent them, or not there
}

// Bad reports how many deliveries were not as they should be.
func (c Checks) Bad() int64 {
	return c.Missing + c.Gaps + c.Duplicates + c.Reordered + c.Foreign
}

// Verdict is the outcome of an assertion.
type Verdict struct {
	Text  string  `json:"text"`  // "p99<50ms"
	Value float64 `json:"value"` // what was measured, in the unit of the bound
	OK    bool    `json:"ok"`
	// Note says why there is no value, or what the value does not say.
	Note string `json:"note,omitempty"`
}

// Add adds what happened elsewhere or at another time.
func (c *Counts) Add(other Counts) {
	c.Connects += other.Connects
	c.Joins += other.Joins
	c.Leaves += other.Leaves
	c.Sent += other.Sent
	c.Replies += other.Replies
	c.Received += other.Received
	c.Pushed += other.Pushed
	c.Answers += other.Answers
	c.Events += other.Events
	c.Heartbeat += other.Heartbeat
	c.Closed += other.Closed
	c.Failed += other.Failed
	c.BytesIn += other.BytesIn
	c.BytesOut += other.BytesOut
}

// Add adds what was found elsewhere or at another time.
func (c *Checks) Add(other Checks) {
	c.Expected += other.Expected
	c.Missing += other.Missing
	c.Gaps += other.Gaps
	c.Duplicates += other.Duplicates
	c.Reordered += other.Reordered
	c.Foreign += other.Foreign
}
