//go:build linux

package main

import (
	"fmt"
	"time"

	"throng/internal/bench/scenario"
)

const all = "bench:all"

func arrive() scenario.Phase { return scenario.Phase{Name: "connect", Do: scenario.Arrive} }

func idle(d time.Duration) scenario.Phase {
	return scenario.Phase{Name: "idle", Do: scenario.Idle, For: scenario.Duration(d)}
}

func act(name string, d time.Duration) scenario.Phase {
	return scenario.Phase{Name: name, Do: scenario.Act, For: scenario.Duration(d)}
}

// crowd is everything that is done with users in one channel.
func crowd(users int) *scenario.Scenario {
	send := func(burst int) []scenario.Step {
		return []scenario.Step{{Do: scenario.Send, Channel: all, Burst: burst}}
	}
	every := func(d time.Duration) scenario.Duration { return scenario.Duration(d) }
	return &scenario.Scenario{
		Name: "crowd", Title: fmt.Sprintf("%d users in one channel", users), Heartbeat: scenario.Off,
		Users: []scenario.Users{{Name: "users", Count: users, Join: []string{all}, Scripts: []scenario.Script{
			{Phase: "heartbeats", Every: every(4 * time.Second), Times: 2, Steps: []scenario.Step{{Do: scenario.Heartbeat}}},
			{Phase: "one", Users: 1, Every: every(700 * time.Millisecond), Times: 10, Steps: send(1)},
			{Phase: "sixteen", Users: 1, Every: every(1200 * time.Millisecond), Times: 5, Steps: send(16)},
		}}},
		Phases: []scenario.Phase{arrive(), idle(2 * time.Second), act("heartbeats", 0), act("one", 0), act("sixteen", 0),
			{Name: "cut", Do: scenario.Cut, InFlight: 256}},
	}
}

// rooms is many channels with messages in all of them, in the mean rate of them a
// second: "random" ones come in bunches, "even" ones one after the other.
func rooms(jitter string) *scenario.Scenario {
	const channels, size, rate = 150, 100, 200
	name := fmt.Sprintf("bench:{user%%%d}", channels)
	return &scenario.Scenario{
		Name: "rooms", Title: fmt.Sprintf("%d channels of %d users, %d messages/s", channels, size, rate), Heartbeat: scenario.Off,
		Users: []scenario.Users{{Name: "users", Count: channels * size, Join: []string{name}, Scripts: []scenario.Script{
			{Users: channels, Every: scenario.Duration(channels * time.Second / rate), Jitter: jitter, Steps: []scenario.Step{{Do: scenario.Send, Channel: name}}},
		}}},
		Phases: []scenario.Phase{arrive(), idle(time.Second), act("messages", 8*time.Second)},
	}
}

// trips is round trips as fast as they go.
func trips() *scenario.Scenario {
	return &scenario.Scenario{
		Name: "trips", Title: "1000 users, each in a channel of its own, send and wait for the reply", Heartbeat: scenario.Off,
		Users: []scenario.Users{{Name: "users", Count: 1000, Join: []string{"bench:{user}"}, Scripts: []scenario.Script{
			{Steps: []scenario.Step{{Do: scenario.Send, Channel: "bench:{user}"}}},
		}}},
		Phases: []scenario.Phase{arrive(), act("messages", 4*time.Second)},
	}
}

// growing is the same work for each connection, however many there are: channels
// of 1,000 users that each lie on one server. Beyond 150,000 it takes more time, so that
// two cores are as busy with it.
func growing(users, servers int) *scenario.Scenario {
	channels := max(1, users/1000/servers) * servers
	name := fmt.Sprintf("bench:{user%%%d}", channels)
	within := func(least time.Duration) scenario.Duration {
		return scenario.Duration(max(least, time.Duration(users)*least/150_000))
	}
	return &scenario.Scenario{
		Name: fmt.Sprintf("growing-%d", users), Heartbeat: scenario.Off,
		Title: fmt.Sprintf("%d users on %d servers, in %d channels", users, servers, channels),
		Users: []scenario.Users{{Name: "users", Count: users, Join: []string{name}, Scripts: []scenario.Script{
			{Phase: "heartbeats", Every: within(20 * time.Second), Times: 1, Steps: []scenario.Step{{Do: scenario.Heartbeat}}},
			{Phase: "messages", Users: channels, Every: within(6 * time.Second), Times: 3, Steps: []scenario.Step{{Do: scenario.Send, Channel: name}}},
		}}},
		Phases: []scenario.Phase{arrive(), idle(5 * time.Second), act("heartbeats", 0), act("messages", 0)},
	}
}
