package scenario

import (
	"fmt"
	"slices"
	"strings"
)

// Message is the event that send sends.
const Message = "msg"

// maxEvent is how long the name of an event may be, in bytes.
const maxEvent = 255

func (s *Scenario) checkStep(step Step) error {
	switch step.Do {
	case Send, Join, Leave, Push, Await:
		if err := s.checkPlace(step); err != nil {
			return err
		}
	case Think:
		if step.For.Max <= 0 {
			return fmt.Errorf("say how long with for = \"1s..5s\"")
		}
	case Heartbeat:
		if s.Wire == "echo" {
			return fmt.Errorf("there are no heartbeats on the wire echo")
		}
	case Disconnect, Connect:
	default:
		return fmt.Errorf("there are send, join, leave, think, heartbeat, disconnect, connect, push, await")
	}
	if step.Burst < 0 || step.Burst > 10_000 {
		return fmt.Errorf("a burst has 1 to 10,000 messages")
	}
	return checkEvent(&step)
}

// checkPlace is about the channel of a step.
func (s *Scenario) checkPlace(step Step) error {
	if s.Wire == "echo" {
		switch step.Do {
		case Send:
			return nil
		case Push, Await:
			return fmt.Errorf("there are no events on the wire echo, only send: use wire = \"phoenix\"")
		}
		return fmt.Errorf("there are no channels on the wire echo")
	}
	if step.Channel == "" {
		return fmt.Errorf("name a channel")
	}
	_, err := ParsePattern(step.Channel)
	return err
}

// checkEvent is about what an event is called and what it holds.
func checkEvent(step *Step) error {
	for _, key := range []struct {
		name string
		said bool
		of   []string
	}{
		{"event", step.Event != "", []string{Push, Await}},
		{"data", step.Data != "", []string{Push}},
		{"answer", step.Answer != "", []string{Push}},
		{"since", step.Since != "", []string{Await}},
	} {
		if key.said && !slices.Contains(key.of, step.Do) {
			return fmt.Errorf("%s is for the steps %s", key.name, strings.Join(key.of, ", "))
		}
	}
	if step.Do != Push && step.Do != Await {
		return nil
	}
	switch {
	case step.Event == "":
		return fmt.Errorf("name an event")
	case len(step.Event) > maxEvent:
		return fmt.Errorf("an event's name has at most %d bytes", maxEvent)
	case step.Event == Message:
		return fmt.Errorf("the event %s is what send sends and every user checks: use send, or another event", Message)
	case strings.HasPrefix(step.Event, "phx_"):
		return fmt.Errorf("events that begin with phx_ are the wire's own: join and leave are steps")
	case step.Burst > 0:
		return fmt.Errorf("a burst is of messages: it is for send")
	}
	d, err := ParseData(step.Data)
	if err == nil {
		err = d.check()
	}
	return err
}

// awaits reports whether one of the steps waits for an event.
func awaits(steps []Step) bool {
	return slices.ContainsFunc(steps, func(s Step) bool { return s.Do == Await })
}

// dataOf is the data of a step that has been checked.
func dataOf(step *Step) Data {
	d, _ := ParseData(step.Data)
	return d
}
