package userstate_test

import (
	"fmt"
	"runtime"
	"testing"

	"throng"
	"throng/internal/userstate"
)

func benchStates(o userstate.Options) *userstate.States {
	o.Keys, o.ValueBytes, o.UserBytes, o.Memory, o.Mutations = 256, 16<<10, 64<<10, 1<<40, 1000
	o.Publish = func(_ string, _ *throng.Publication, done func(error)) { done(nil) }
	o.Here = func(string) bool { return true }
	return userstate.New(o)
}

// BenchmarkSet sets one of ten keys: the change, the diff, the answer; broker and wires
// are not in it.
func BenchmarkSet(b *testing.B) {
	for _, mutation := range []bool{false, true} {
		b.Run(fmt.Sprint("mutation=", mutation), func(b *testing.B) {
			s := benchStates(userstate.Options{})
			payloads := make([][]byte, 10)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				at := i % len(payloads)
				if mutation || payloads[at] == nil {
					payloads[at] = fmt.Appendf(payloads[at][:0], `{"key":"key%d","value":{"volume":%d}`, at, i)
					if mutation {
						payloads[at] = fmt.Appendf(payloads[at], `,"mutation_id":"tab:%d"`, i)
					}
					payloads[at] = append(payloads[at], '}')
				}
				s.Event(userstate.Event{User: user, Channel: own, Name: "state_set", Data: payloads[at]}, func(ok bool, response []byte) {
					if !ok {
						b.Fatalf("%s", response)
					}
				})
			}
		})
	}
}

// BenchmarkSnapshot encodes a map of ten keys.
func BenchmarkSnapshot(b *testing.B) {
	s := benchStates(userstate.Options{})
	fill(b, s, user)
	b.ReportAllocs()
	for b.Loop() {
		s.Snapshot(user, func([]byte, *throng.Error) {})
	}
}

func fill(b *testing.B, s *userstate.States, user string) {
	for i := range 10 {
		s.Submit(userstate.Change{User: user, Key: fmt.Sprint("key", i), Value: []byte(`{"volume":50}`)}, func(o userstate.Outcome) {
			if o.Err != nil {
				b.Fatal(o.Err)
			}
		})
	}
}

// BenchmarkMemory reports what the map of a user with ten keys takes, and what is
// counted for it.
func BenchmarkMemory(b *testing.B) {
	const users = 20_000
	for b.Loop() {
		s := benchStates(userstate.Options{})
		before := heap()
		for i := range users {
			fill(b, s, fmt.Sprint("user", i))
		}
		b.ReportMetric(float64(heap()-before)/users, "bytes/user")
		b.ReportMetric(float64(s.Memory())/users, "counted/user")
		runtime.KeepAlive(s)
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
