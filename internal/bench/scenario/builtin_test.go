package scenario_test

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"throng/internal/bench/scenario"
)

var (
	one   = []string{"ws://127.0.0.1:8000/socket"}
	three = []string{"ws://a/socket", "wss://b/socket", "ws://[::1]:8000/socket"}
)

// roundTrip writes a scenario, reads it, and wants the same.
func roundTrip(t *testing.T, s *scenario.Scenario) {
	t.Helper()
	if err := s.Check(); err != nil {
		t.Fatalf("%+v: %v", s, err)
	}
	text, err := s.TOML()
	if err != nil {
		t.Fatal(err)
	}
	again, err := scenario.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	if !reflect.DeepEqual(s, again) {
		t.Errorf("it became another one:\n%+v\n%+v\n%s", s, again, text)
	}
	if twice, err := again.TOML(); err != nil || twice != text {
		t.Errorf("written again it is another one: %v\n%s\n%s", err, text, twice)
	}
}

func TestBuiltinsRoundTrip(t *testing.T) {
	t.Parallel()
	names, about := scenario.Builtins()
	if len(names) < 13 || len(about) != len(names) {
		t.Fatalf("%d scenarios, %d descriptions", len(names), len(about))
	}
	for i, name := range names {
		for _, o := range []scenario.Options{
			{Targets: one},
			{Targets: three, Users: 100, Payload: 1000, For: time.Second, Times: 2, Rate: 10, Arrival: 5.5, InFlight: 7},
			{Targets: three, Users: 100, Cluster: true, Channels: 5, Size: 20, Senders: 3, Burst: 4},
		} {
			s, err := scenario.Builtin(name, o)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			roundTrip(t, s)
			if s.Name != name || s.Title == "" || about[i] == "" || o.Users > 0 && s.Count() != o.Users {
				t.Errorf("%s: %+v", name, s)
			}
		}
	}
}

func TestUnknownBuiltin(t *testing.T) {
	t.Parallel()
	_, err := scenario.Builtin("dance", scenario.Options{Targets: one})
	if err == nil || !strings.Contains(err.Error(), `no scenario "dance"`) || !strings.Contains(err.Error(), "fanout") {
		t.Error(err)
	}
}

// Whatever the options, the outcome is a scenario that can be run or an error.
func TestOddOptions(t *testing.T) {
	t.Parallel()
	ints := []int{math.MinInt, -1, 0, 1, 2, 7, 1 << 20, math.MaxInt32, math.MaxInt}
	floats := []float64{math.NaN(), math.Inf(1), math.Inf(-1), -1, 0, 5e-324, 1e-6, 0.3, 1e9, 1e300}
	fields := map[string]func(*scenario.Options, int){
		"users":     func(o *scenario.Options, n int) { o.Users = n },
		"channels":  func(o *scenario.Options, n int) { o.Channels = n },
		"size":      func(o *scenario.Options, n int) { o.Size = n },
		"payload":   func(o *scenario.Options, n int) { o.Payload = n },
		"burst":     func(o *scenario.Options, n int) { o.Burst = n },
		"times":     func(o *scenario.Options, n int) { o.Times = n },
		"in-flight": func(o *scenario.Options, n int) { o.InFlight = n },
		"senders":   func(o *scenario.Options, n int) { o.Senders = n },
		"for":       func(o *scenario.Options, n int) { o.For = time.Duration(n) },
	}
	names, _ := scenario.Builtins()
	try := func(name string, o scenario.Options) {
		s, err := scenario.Builtin(name, o)
		if err == nil {
			err = s.Check()
		}
		if err != nil {
			if err.Error() == "" {
				t.Errorf("%s %+v: an empty error", name, o)
			}
			return
		}
		if s.Count() < 1 || s.Count() > scenario.MaxUsers {
			t.Errorf("%s %+v: %d users", name, o, s.Count())
		}
		for _, g := range s.Users {
			for _, script := range g.Scripts {
				if script.Every < 0 || script.Times < 0 || o.Rate > 0 && name != "chat" && name != "mission" && script.Every == 0 {
					t.Errorf("%s %+v: every %v, times %d", name, o, script.Every, script.Times)
				}
			}
		}
		roundTrip(t, s)
	}
	for _, name := range names {
		for _, targets := range [][]string{one, three} {
			for _, set := range fields {
				for _, n := range ints {
					for _, users := range []int{0, 1, 5} {
						o := scenario.Options{Targets: targets, Users: users}
						set(&o, n)
						try(name, o)
					}
				}
			}
			for _, v := range floats {
				try(name, scenario.Options{Targets: targets, Rate: v})
				try(name, scenario.Options{Targets: targets, Rate: v, Users: 1})
				try(name, scenario.Options{Targets: targets, Arrival: v})
			}
		}
	}
}

func TestRefusedOptions(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]scenario.Options{
		"users: -1:":                {Users: -1},
		"senders: -5:":              {Senders: -5},
		"rate: NaN:":                {Rate: math.NaN()},
		"arrival: +Inf:":            {Arrival: math.Inf(1)},
		"for: -1ns:":                {For: -1},
		"10 channels for 5 users":   {Users: 5, Channels: 10},
		"in-flight: 4294967296000:": {InFlight: 4294967296000},
	} {
		if _, err := scenario.Builtin("channels", o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
}

// On independent servers every channel has a server to itself, with a sender.
func TestChannelsOfSeveralServers(t *testing.T) {
	t.Parallel()
	for name, cluster := range map[string]bool{"servers": false, "rooms": true} {
		s, err := scenario.Builtin(name, scenario.Options{Targets: three, Users: 90, Cluster: cluster})
		if err != nil {
			t.Fatal(err)
		}
		p, err := scenario.ParsePattern(s.Users[0].Join[0])
		if err != nil {
			t.Fatal(err)
		}
		servers := map[string]map[int]bool{}
		for user := range 90 {
			channel := string(p.Append(nil, user, 0))
			if servers[channel] == nil {
				servers[channel] = map[int]bool{}
			}
			servers[channel][user%3] = true
		}
		for channel, on := range servers {
			if want := map[bool]int{false: 1, true: 3}[cluster]; len(on) != want {
				t.Errorf("%s: %s is on %d servers, want %d", name, channel, len(on), want)
			}
		}
		if senders := s.Users[0].Scripts[0].Users; senders != len(servers) {
			t.Errorf("%s: %d senders for %d channels", name, senders, len(servers))
		}
	}
}
