//go:build linux

package ratchet

import (
	"fmt"
	"testing"
	"time"

	"throng/test/process"
)

// BenchmarkServer measures throng beside the floor (test/floor): real server
// processes with 15,000 connections from client processes, on one and on two
// loops. Both do the same in turns, so that what else the machine does meets them
// alike. Reported are medians of the rounds: the server's own CPU time per
// exchange, the wall time (which server and client share), and the ratios to the
// floor's, which are what matters.
//
// One run has its rounds: go test ./test/ratchet -run '^$' -bench Server -benchtime 1x
func BenchmarkServer(b *testing.B) {
	both := rivals(b)
	for _, loops := range []int{1, 2} {
		b.Run(fmt.Sprintf("loops=%d", loops), func(b *testing.B) {
			b.Run("connect+join", func(b *testing.B) { connect(b, both, loops) })
			contest(b, both, loops, fmt.Sprint("connect ", connections), []task{
				{"heartbeat", "heartbeat", 2},
				{"publish-1", "publish 1", 2},
				{"publish-16", "publish 16", 2},
				{"reconnect", "reconnect", 1},
			})
			contest(b, both, loops, fmt.Sprintf("connect %d 150", connections), []task{{"channels-150", "spread 200 200", 1}})
			contest(b, both, loops, "connect 1000 1000", []task{{"trips", "trips 50000", 1}})
		})
	}
}

// rival is a server that takes part.
type rival struct {
	name  string
	start func(b *testing.B, loops int) *process.Server
}

func rivals(b *testing.B) [2]rival {
	floor, throng := process.Build(b, "./test/floor"), process.Build(b, "./cmd/throng")
	return [2]rival{
		{"floor", func(b *testing.B, loops int) *process.Server {
			return process.Run(b, floor, fmt.Sprint("-loops=", loops))
		}},
		{"throng", func(b *testing.B, loops int) *process.Server {
			return process.Start(b, throng, "serve", "--dev", "--set", fmt.Sprint("engine.loops=", loops),
				// The crowd may be silent for longer than a client is, and answers no ping.
				"--set", "phoenix.idle_timeout=1h", "--set", "websocket.ping_interval=1h")
		}},
	}
}

// task is what is measured: a command of the crowd, so many times a round.
type task struct {
	name, command string
	times         int
}

const rounds = 9

// contest has both rivals do the tasks in turns, each with a crowd that the first
// command made.
func contest(b *testing.B, both [2]rival, loops int, first string, tasks []task) {
	var servers [2]*process.Server
	var crowds [2]*crowd
	for i, r := range both {
		servers[i] = r.start(b, loops)
		crowds[i] = startCrowd(b, servers[i].Public())
		crowds[i].do(first)
		defer servers[i].Kill()
		defer crowds[i].stop()
	}
	for _, t := range tasks {
		b.Run(t.name, func(b *testing.B) {
			var s score
			for b.Loop() {
				for range rounds {
					for i := range both {
						s.add(i, measured(b, servers[i], crowds[i], t.command, t.times))
					}
				}
			}
			s.report(b)
		})
	}
}

// connect measures from the first connection to the last join, on fresh servers.
func connect(b *testing.B, both [2]rival, loops int) {
	var s score
	for b.Loop() {
		for range rounds {
			for i, r := range both {
				server := r.start(b, loops)
				c := startCrowd(b, server.Public())
				s.add(i, measured(b, server, c, fmt.Sprint("connect ", connections), 1))
				c.stop()
				server.Kill()
			}
		}
	}
	s.report(b)
}

// measured lets a crowd do a command and returns what that took.
func measured(b *testing.B, s *process.Server, c *crowd, command string, times int) (r round) {
	b.Helper()
	begin := s.CPU(b)
	for range times {
		done := c.do(command)
		r.exchanges += done.Done
		r.wall += done.Seconds
		r.p99 = max(r.p99, done.P99)
	}
	time.Sleep(20 * time.Millisecond) // the server may have something to put away
	r.cpu = (s.CPU(b) - begin).Seconds()
	return r
}
