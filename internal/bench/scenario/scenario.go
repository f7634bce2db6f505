// Package scenario says what a load test does: who comes, how fast, into which
// channels, and what they do there, as a value that can be written and read as
// TOML. It knows nothing of sockets or of time that passes.
//
// A scenario is a list of groups of users and a list of phases. Every user is one
// connection. In a phase of kind "arrive" users connect and join their channels by
// the group's arrivals; in one of kind "act" they follow the group's scripts; in
// one of kind "cut" all connections are cut at once and come back; in one of kind
// "idle" nothing is done. All users begin a phase together.
package scenario

import "time"

// Scenario is a whole load test.
type Scenario struct {
	Name  string `toml:"name"`
	Title string `toml:"title,omitempty"` // one line for the report

	// Targets are URLs: ws:// or wss://, for the Phoenix wire that of the socket
	// (ws://host:8000/socket). Users are dealt out to them in turn.
	Targets []string `toml:"targets,omitempty"`
	// Cluster says that the targets are nodes of one server: what is sent to one
	// reaches the subscribers of all.
	Cluster bool `toml:"cluster,omitempty"`
	// Wire is what is spoken: phoenix, or echo, where a server sends back every
	// WebSocket message.
	Wire     string `toml:"wire,omitempty"`
	Insecure bool   `toml:"insecure,omitempty"` // don't verify certificates
	// Params are sent in the URL, {user} replaced by the user's number within its group
	// and {group} by the group's name.
	Params map[string]string `toml:"params,omitempty"`
	// Sources are local addresses to connect from, in turn.
	Sources []string `toml:"sources,omitempty"`

	Payload   int      `toml:"payload,omitempty"`   // bytes of a message
	Heartbeat Duration `toml:"heartbeat,omitempty"` // of a Phoenix client; "off" for none
	Reconnect string   `toml:"reconnect,omitempty"` // phoenix, fast or never: when a lost connection is tried again
	Patience  Duration `toml:"patience,omitempty"`  // how long nothing may happen where something should
	Seed      uint64   `toml:"seed,omitempty"`      // of all that is random

	Users  []Users  `toml:"users"`
	Phases []Phase  `toml:"phase"`
	Assert []string `toml:"assert,omitempty"`
}

// Users are a group of users who do the same.
type Users struct {
	Name    string    `toml:"name"`
	Count   int       `toml:"count"`
	Join    []string  `toml:"join,omitempty"`   // channels, as patterns; see Pattern
	Arrive  []Arrival `toml:"arrive,omitempty"` // one after the other; the rest comes with the last
	Scripts []Script  `toml:"script,omitempty"`
}

// Arrival is how users come.
type Arrival struct {
	Users    int      `toml:"users,omitempty"`     // how many; 0: all that are left
	Rate     float64  `toml:"rate,omitempty"`      // users a second, whatever the server does; 0: as fast as InFlight allows
	InFlight int      `toml:"in_flight,omitempty"` // users that may be on their way at once; 0: 256
	Pause    Duration `toml:"pause,omitempty"`     // before the first of them
}

// Kinds of phases.
const (
	Arrive = "arrive"
	Idle   = "idle"
	Act    = "act"
	Cut    = "cut"
)

// Phase is a part of the run.
type Phase struct {
	Name string   `toml:"name"`
	Do   string   `toml:"do"`            // one of the kinds
	For  Duration `toml:"for,omitempty"` // how long; act: 0 means until all scripts are done
	// InFlight is how many come back at once after a cut; 0: as many as there are.
	InFlight int `toml:"in_flight,omitempty"`
}

// Script is what the users of a group do, over and over, in a phase.
type Script struct {
	Phase string   `toml:"phase,omitempty"` // "": in every act phase
	Users int      `toml:"users,omitempty"` // only the first so many of the group; 0: all
	Every Duration `toml:"every,omitempty"` // begin a round at this pace, whatever the server does; 0: when the last is done
	// Jitter: "even" spreads users over Every, "random" makes the pauses
	// exponential with Every as their mean, "none" lets all begin together.
	Jitter string `toml:"jitter,omitempty"`
	Times  int    `toml:"times,omitempty"` // rounds; 0: until the phase ends
	Steps  []Step `toml:"step"`
}

// Kinds of steps.
const (
	Send       = "send"
	Join       = "join"
	Leave      = "leave"
	Think      = "think"
	Heartbeat  = "heartbeat"
	Disconnect = "disconnect"
	Connect    = "connect"
	Push       = "push"
	Await      = "await"
)

// Step is one thing that a user does.
type Step struct {
	Do      string `toml:"do"`
	Channel string `toml:"channel,omitempty"` // a pattern; not for echo
	Event   string `toml:"event,omitempty"`   // push: what is sent; await: what is waited for
	Data    string `toml:"data,omitempty"`    // push: JSON, see Data; "": {}
	// Answer (push) is the member of the answer's response that says how it went. Answers
	// are counted by its value, and one that has it is no failure, whatever its status.
	Answer string `toml:"answer,omitempty"`
	// Since (await) is the member of the event that says when it was sent, in milliseconds
	// since 1970 of the server's clock. Without it, how long it took is not measured.
	Since  string `toml:"since,omitempty"`
	Burst  int    `toml:"burst,omitempty"`   // send: messages in one write; 0: 1
	NoWait bool   `toml:"no_wait,omitempty"` // send, push: don't wait for the replies
	For    Span   `toml:"for,omitempty"`     // think
}

// Static reports whether nobody comes or goes in a phase, so that how many
// deliveries are due is known.
func (s *Scenario) Static(phase string) bool {
	for _, g := range s.Users {
		for _, script := range g.In(phase) {
			for _, step := range script.Steps {
				switch step.Do {
				case Join, Leave, Disconnect, Connect:
					return false
				}
			}
		}
	}
	return true
}

// In returns the group's scripts for a phase.
func (g *Users) In(phase string) (scripts []Script) {
	for _, s := range g.Scripts {
		if s.Phase == "" || s.Phase == phase {
			scripts = append(scripts, s)
		}
	}
	return scripts
}

// Count returns how many users there are.
func (s *Scenario) Count() (n int) {
	for _, g := range s.Users {
		n += g.Count
	}
	return n
}

// Duration is a time.Duration that is written like "1m30s", or "off" for a
// negative one.
type Duration time.Duration

// Off is what says that something is not to happen at all.
const Off = Duration(-1)

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) {
	if d < 0 {
		return []byte("off"), nil
	}
	return []byte(time.Duration(d).String()), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(b []byte) error {
	if string(b) == "off" {
		*d = Off
		return nil
	}
	v, err := time.ParseDuration(string(b))
	if err != nil || v < 0 {
		return badDuration(b)
	}
	*d = Duration(v)
	return nil
}
