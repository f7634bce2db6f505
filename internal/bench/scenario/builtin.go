package scenario

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Options are what the built-in scenarios are made from. What is zero has a
// default that the scenario chooses.
type Options struct {
	Targets  []string
	Cluster  bool
	Wire     string
	Users    int
	Channels int
	Size     int // users of a channel
	Payload  int
	Rate     float64       // messages a second, in all channels together
	Burst    int           // messages at once
	For      time.Duration // of the main phase
	Times    int           // messages of a sender
	Arrival  float64       // users a second; 0: as fast as InFlight allows
	InFlight int
	Senders  int
}

// builtin is a scenario that is made from options.
type builtin struct {
	name, about string
	make        func(o *Options) *Scenario
}

func builtins() []builtin {
	return []builtin{
		{"connect", "users connect and join one channel", connect},
		{"idle", "users join one channel and do nothing but heartbeats", idle},
		{"heartbeat", "users join one channel, then all send heartbeats", heartbeat},
		{"fanout", "one message at a time to all users of one channel", fanout},
		{"burst", "several messages at once to all users of one channel", burst},
		{"channels", "messages in many channels of --size users each", channels},
		{"roundtrip", "every user sends, waits for the reply, and sends again", roundtrip},
		{"echo", "the same with a server that sends every WebSocket message back", echo},
		{"reconnect", "all connections are cut at once and come back", reconnect},
		{"room", "one channel in which --senders users send --times messages each", room},
		{"rooms", "channels of 1,000 users with a sender each", rooms},
		{"servers", "the same over several independent servers, one --target each", rooms},
		{"chat", "users come, go and send at random", chat},
		{"mission", "users watch, come and go, and claim what is offered", mission},
	}
}

// Builtins returns the names of the built-in scenarios and what they do.
func Builtins() (names, about []string) {
	for _, b := range builtins() {
		names, about = append(names, b.name), append(about, b.about)
	}
	return names, about
}

// Builtin makes a built-in scenario.
func Builtin(name string, o Options) (*Scenario, error) {
	all := builtins()
	i := slices.IndexFunc(all, func(b builtin) bool { return b.name == name })
	if i < 0 {
		names, _ := Builtins()
		return nil, fmt.Errorf("there is no scenario %q: there are %s", name, strings.Join(names, ", "))
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	s := all[i].make(&o)
	s.Name, s.Targets, s.Cluster, s.Payload = name, o.Targets, o.Cluster, o.Payload
	if s.Wire == "" {
		s.Wire = o.Wire
	}
	for i := range s.Users {
		s.Users[i].Arrive = []Arrival{{Rate: o.Arrival, InFlight: o.InFlight}}
	}
	s.complete()
	return s, nil
}

// check returns what nothing can be made of.
func (o *Options) check() error {
	if o.For < 0 {
		return fmt.Errorf("for: %v: a time below 0", o.For)
	}
	for name, n := range map[string]int{
		"users": o.Users, "channels": o.Channels, "size": o.Size, "payload": o.Payload, "burst": o.Burst,
		"times": o.Times, "in-flight": o.InFlight, "senders": o.Senders, "for": int(o.For / time.Second),
	} {
		if n < 0 || n > MaxUsers {
			return fmt.Errorf("%s: %d: there can be 0 (what the scenario chooses) to %d", name, n, MaxUsers)
		}
	}
	for name, v := range map[string]float64{"rate": o.Rate, "arrival": o.Arrival} {
		if v != 0 && !(v >= minRate && v <= maxRate) {
			return fmt.Errorf("%s: %g: there can be %g to %g a second", name, v, minRate, maxRate)
		}
	}
	if o.Users > 0 && o.Channels > o.Users {
		return fmt.Errorf("%d channels for %d users: each channel has one at least", o.Channels, o.Users)
	}
	return nil
}

func arrive() Phase { return Phase{Name: "connect", Do: Arrive} }

func rest(d time.Duration) Phase { return Phase{Name: "idle", Do: Idle, For: Duration(d)} }

func act(name string, d time.Duration) Phase { return Phase{Name: name, Do: Act, For: Duration(d)} }

const one = "bench:all"

func connect(o *Options) *Scenario {
	n := or(o.Users, 1000)
	return &Scenario{
		Title:  fmt.Sprintf("%d users connect and join one channel", n),
		Users:  []Users{{Name: "users", Count: n, Join: []string{one}}},
		Phases: []Phase{arrive()},
	}
}

func idle(o *Options) *Scenario {
	s := connect(o)
	s.Title = fmt.Sprintf("%d users in one channel, idle", s.Count())
	s.Phases = append(s.Phases, rest(or(o.For, time.Minute)))
	return s
}

func heartbeat(o *Options) *Scenario {
	s := connect(o)
	n := s.Count()
	s.Title = fmt.Sprintf("%d users in one channel, all send heartbeats", n)
	every := 10 * time.Second
	if o.Rate > 0 {
		every = pace(n, o.Rate)
	}
	s.Heartbeat = Off
	s.Users[0].Scripts = []Script{{Every: Duration(every), Times: or(o.Times, 3), Steps: []Step{{Do: Heartbeat}}}}
	s.Phases = append(s.Phases, act("heartbeats", 0))
	return s
}

// pace is how often each of n senders sends so that all together send at a rate.
func pace(n int, rate float64) time.Duration {
	// 0 would mean: when the last reply came.
	return time.Duration(min(max(float64(n)/rate*float64(time.Second), 1), float64(maxPace)))
}

const maxPace = 1000 * time.Hour

// publishers is how many users must send so that each server has one that does.
func publishers(o *Options) int {
	if o.Cluster {
		return 1
	}
	return max(1, len(o.Targets))
}

func fanout(o *Options) *Scenario {
	s := connect(o)
	n := publishers(o)
	rate := or(o.Rate, float64(n))
	s.Title = fmt.Sprintf("%d users in one channel, one message at a time to all", s.Count())
	s.Users[0].Scripts = []Script{{Users: n, Every: Duration(pace(n, rate)), Times: or(o.Times, 20), Steps: []Step{{Do: Send, Channel: one}}}}
	s.Phases = append(s.Phases, rest(2*time.Second), act("messages", o.For))
	return s
}

func burst(o *Options) *Scenario {
	s := fanout(o)
	size := or(o.Burst, 16)
	s.Title = fmt.Sprintf("%d users in one channel, %d messages at once to all", s.Count(), size)
	script := &s.Users[0].Scripts[0]
	script.Steps[0].Burst = size
	if o.Rate == 0 {
		script.Every = Duration(2 * time.Second)
	}
	script.Times = or(o.Times, 10)
	return s
}

func channels(o *Options) *Scenario {
	size := or(o.Size, 100)
	n := or(o.Users, or(o.Channels, 150)*size)
	count := min(n, or(o.Channels, max(1, n/size)))
	rate := or(o.Rate, 200)
	name := fmt.Sprintf("bench:{user%%%d}", count)
	return &Scenario{
		Title: fmt.Sprintf("%d channels with %d users each, %g messages/s", count, n/count, rate),
		Users: []Users{{Name: "users", Count: n, Join: []string{name}, Scripts: []Script{
			{Users: count, Every: Duration(pace(count, rate)), Times: o.Times, Steps: []Step{{Do: Send, Channel: name}}},
		}}},
		Phases: []Phase{arrive(), rest(2 * time.Second), act("messages", or(o.For, 20*time.Second))},
	}
}

func roundtrip(o *Options) *Scenario {
	n := or(o.Users, 1000)
	script := Script{Times: o.Times, Steps: []Step{{Do: Send, Channel: "bench:{user}", Burst: o.Burst}}}
	title := fmt.Sprintf("%d users send and wait for the reply, as fast as it comes", n)
	if o.Rate > 0 {
		script.Every = Duration(pace(n, o.Rate))
		title = fmt.Sprintf("%d users send %g messages/s and get replies", n, o.Rate)
	}
	s := &Scenario{
		Title:  title,
		Users:  []Users{{Name: "users", Count: n, Join: []string{"bench:{user}"}, Scripts: []Script{script}}},
		Phases: []Phase{arrive(), rest(time.Second), act("messages", or(o.For, 10*time.Second))},
	}
	if o.Wire == "echo" {
		s.Users[0].Join = nil
	}
	return s
}

func echo(o *Options) *Scenario {
	o.Wire = "echo"
	s := roundtrip(o)
	s.Title = strings.ReplaceAll(s.Title, "reply", "echo")
	return s
}

func reconnect(o *Options) *Scenario {
	s := connect(o)
	s.Title = fmt.Sprintf("%d users in one channel, cut at once, come back", s.Count())
	s.Phases = append(s.Phases, rest(2*time.Second), Phase{Name: "cut", Do: Cut, InFlight: o.InFlight})
	return s
}

func room(o *Options) *Scenario {
	s := connect(o)
	n := min(s.Count(), or(o.Senders, 10))
	times := or(o.Times, 20)
	rate := or(o.Rate, float64(n))
	s.Title = fmt.Sprintf("one channel with %d users, of whom %d send %d messages each", s.Count(), n, times)
	s.Users[0].Scripts = []Script{{Users: n, Every: Duration(pace(n, rate)), Jitter: "random", Times: times, Steps: []Step{{Do: Send, Channel: one}}}}
	s.Phases = append(s.Phases, rest(2*time.Second), act("messages", o.For))
	return s
}

func rooms(o *Options) *Scenario {
	o.Size = or(o.Size, 1000)
	if o.Channels == 0 {
		// Independent servers have channels of their own: users are dealt out to
		// servers and channels in turn, so that each channel is on one of them if
		// their number goes into that of the channels.
		n := publishers(o)
		o.Channels = max(1, 10/n) * n
	}
	o.Rate = or(o.Rate, float64(o.Channels))
	s := channels(o)
	if len(o.Targets) > 1 {
		s.Title += fmt.Sprintf(", on %d servers", len(o.Targets))
	}
	return s
}

func chat(o *Options) *Scenario {
	n := or(o.Users, 1000)
	count := or(o.Channels, max(1, n/or(o.Size, 50)))
	name := fmt.Sprintf("bench:{random %d}", count)
	stay := Span{time.Second, 5 * time.Second}
	visit := Script{Steps: []Step{
		{Do: Join, Channel: name},
		{Do: Think, For: stay}, {Do: Send, Channel: name, NoWait: true},
		{Do: Think, For: stay}, {Do: Send, Channel: name},
		{Do: Think, For: stay}, {Do: Leave, Channel: name},
	}}
	return &Scenario{
		Title: fmt.Sprintf("%d users come, go and send at random in %d channels", n, count),
		Users: []Users{
			{Name: "regulars", Count: n - n/4, Scripts: []Script{visit}},
			{Name: "passers-by", Count: n / 4, Scripts: []Script{{Steps: append(slices.Clone(visit.Steps),
				Step{Do: Disconnect}, Step{Do: Think, For: stay}, Step{Do: Connect})}}},
		},
		Phases: []Phase{arrive(), act("chat", or(o.For, 30*time.Second))},
	}
}

// or returns v, or if it is zero the default.
func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}
