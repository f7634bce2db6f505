package scenario

import (
	"fmt"
	"math"
	"net/netip"
	"net/url"
	"slices"
)

// MinPayload is the smallest message: what identifies it and says when it was to
// be sent takes that much room.
const MinPayload = 48

// MaxUsers is how many users a scenario can have, by the room for their numbers.
const MaxUsers = 100_000_000

// Check returns what is wrong with a scenario, in the order of the file.
func (s *Scenario) Check() error {
	if len(s.Targets) == 0 {
		return fmt.Errorf("no target: name one with --target, such as ws://localhost:8000/socket")
	}
	for _, t := range s.Targets {
		if err := checkTarget(t); err != nil {
			return err
		}
	}
	for _, a := range s.Sources {
		if _, err := netip.ParseAddr(a); err != nil {
			return fmt.Errorf("source %q is not an IP address", a)
		}
	}
	switch {
	case !slices.Contains([]string{"phoenix", "echo"}, s.Wire):
		return fmt.Errorf("wire %q: there are phoenix and echo", s.Wire)
	case !slices.Contains([]string{"phoenix", "fast", "never"}, s.Reconnect):
		return fmt.Errorf("reconnect %q: there are phoenix, fast and never", s.Reconnect)
	case s.Payload < MinPayload || s.Payload > 16<<20:
		return fmt.Errorf("payload %d: a message has %d bytes to 16 MiB, because it carries who sent it and when", s.Payload, MinPayload)
	case s.Patience <= 0:
		return fmt.Errorf("patience: without it a run might never end")
	}
	for _, g := range s.Users {
		if g.Count < 0 || g.Count > MaxUsers {
			return fmt.Errorf("users %q: a count of %d: there can be 1 to %d", g.Name, g.Count, MaxUsers)
		}
	}
	switch {
	case len(s.Users) == 0 || s.Count() == 0:
		return fmt.Errorf("no users: add [[users]] with a count")
	case s.Count() > MaxUsers:
		return fmt.Errorf("%d users: there can be 1 to %d", s.Count(), MaxUsers)
	case len(s.Phases) == 0 || s.Phases[0].Do != Arrive:
		return fmt.Errorf("the first [[phase]] must have do = \"arrive\"")
	}
	if err := s.checkPhases(); err != nil {
		return err
	}
	for i := range s.Users {
		if err := s.checkUsers(&s.Users[i]); err != nil {
			return fmt.Errorf("users %q: %w", s.Users[i].Name, err)
		}
	}
	return nil
}

func checkTarget(t string) error {
	u, err := url.Parse(t)
	if err != nil || u.Hostname() == "" || u.Scheme != "ws" && u.Scheme != "wss" {
		return fmt.Errorf("target %q is not a ws:// or wss:// URL, such as ws://localhost:8000/socket", t)
	}
	return nil
}

func (s *Scenario) checkPhases() error {
	names := map[string]bool{}
	for i, p := range s.Phases {
		if names[p.Name] {
			return fmt.Errorf("two phases are called %q: give one another name", p.Name)
		}
		names[p.Name] = true
		if p.For < 0 || p.InFlight < 0 {
			return fmt.Errorf("phase %q: a number below 0", p.Name)
		}
		switch p.Do {
		case Arrive:
			if i > 0 {
				return fmt.Errorf("phase %q: users arrive in the first phase only; use several [[users.arrive]]", p.Name)
			}
		case Idle:
			if p.For <= 0 {
				return fmt.Errorf("phase %q: say how long with for = \"10s\"", p.Name)
			}
		case Act, Cut:
		default:
			return fmt.Errorf("phase %q: do = %q is none of arrive, idle, act, cut", p.Name, p.Do)
		}
	}
	for _, g := range s.Users {
		for _, script := range g.Scripts {
			if script.Phase != "" && !names[script.Phase] {
				return fmt.Errorf("users %q: a script is for the phase %q, which there is not", g.Name, script.Phase)
			}
		}
	}
	for _, p := range s.Phases {
		if err := s.checkEnd(p); err != nil {
			return err
		}
	}
	return nil
}

// checkEnd makes sure that a phase in which users act has an end and something to
// do.
func (s *Scenario) checkEnd(p Phase) error {
	if p.Do != Act {
		return nil
	}
	scripts, endless := 0, false
	for _, g := range s.Users {
		for _, script := range g.In(p.Name) {
			scripts++
			endless = endless || script.Times == 0
		}
	}
	switch {
	case scripts == 0:
		return fmt.Errorf("phase %q: nobody has a script for it", p.Name)
	case endless && p.For <= 0:
		return fmt.Errorf("phase %q never ends: give it for = \"30s\", or its scripts times", p.Name)
	}
	return nil
}

func (s *Scenario) checkUsers(g *Users) error {
	for _, c := range g.Join {
		p, err := ParsePattern(c)
		if err != nil {
			return err
		}
		if !p.Fixed() {
			return fmt.Errorf("%q: users join the same channels each time, so {random N} is for steps only", c)
		}
	}
	if s.Wire == "echo" && len(g.Join) > 0 {
		return fmt.Errorf("there are no channels on the wire echo")
	}
	if len(g.Arrive) == 0 { // a file without has one, see complete
		return fmt.Errorf("they never arrive")
	}
	for _, a := range g.Arrive {
		if a.Users < 0 || a.InFlight < 0 || a.Pause < 0 {
			return fmt.Errorf("an arrival with a number below 0")
		}
		if a.Rate != 0 && !(a.Rate >= minRate && a.Rate <= maxRate) {
			return fmt.Errorf("an arrival with a rate of %g: there can be %g to %g a second", a.Rate, minRate, maxRate)
		}
	}
	for i := range g.Scripts {
		if err := s.checkScript(g, &g.Scripts[i]); err != nil {
			return fmt.Errorf("script %d: %w", i+1, err)
		}
	}
	return nil
}

// Rates that mean something: once in a fortnight, as often as there are
// nanoseconds.
const minRate, maxRate = 1e-6, 1e9

func (s *Scenario) checkScript(g *Users, script *Script) error {
	if script.Users < 0 || script.Every < 0 || script.Times < 0 || script.Times > math.MaxInt32 {
		return fmt.Errorf("users, every and times are 0 or more, and times less than %d", math.MaxInt32)
	}
	if !slices.Contains([]string{"even", "random", "none"}, script.Jitter) {
		return fmt.Errorf("jitter %q: there are even, random and none", script.Jitter)
	}
	if len(script.Steps) == 0 {
		return fmt.Errorf("it has no steps: add [[users.script.step]]")
	}
	waits := script.Every > 0 || script.Times > 0
	for i, step := range script.Steps {
		if err := s.checkStep(step); err != nil {
			return fmt.Errorf("step %d (%s): %w", i+1, step.Do, err)
		}
		if slices.Contains([]string{Send, Push, Await}, step.Do) && s.Wire != "echo" && !g.joins(step.Channel) {
			return fmt.Errorf("step %d (%s): nobody of the group joins %q: add it to join, or a step that joins it", i+1, step.Do, step.Channel)
		}
		if step.Do == Push && !awaits(script.Steps[:i]) && dataOf(&step).Told() {
			return fmt.Errorf("step %d (%s): {event.…} is a member of the event that was awaited: add a step that awaits one before", i+1, step.Do)
		}
		waits = waits || slices.Contains([]string{Think, Heartbeat, Await}, step.Do) || (step.Do == Send || step.Do == Push) && !step.NoWait
	}
	if !waits {
		return fmt.Errorf("it would run as fast as it can and wait for nothing: give it every, times, or a step that waits")
	}
	return nil
}

// joins reports whether the group's users are in a channel, or have a step that
// joins it.
func (g *Users) joins(channel string) bool {
	if slices.Contains(g.Join, channel) {
		return true
	}
	for _, script := range g.Scripts {
		for _, step := range script.Steps {
			if step.Do == Join && step.Channel == channel {
				return true
			}
		}
	}
	return false
}
