package crowd_test

import (
	"context"
	"maps"
	"net/url"
	"testing"
	"time"

	"throng/internal/config"
	"throng/internal/crowd"
	"throng/internal/server"
)

// demo runs a demo server until the end of the test and returns its socket.
func demo(t *testing.T, more map[string]string) (*server.Server, *url.URL) {
	t.Helper()
	set := map[string]string{"dev": "true", "listen": "127.0.0.1:0", "internal": "127.0.0.1:0", "engine.drain": "0s"}
	maps.Copy(set, more)
	c, err := config.Load(config.LoadOptions{Set: set})
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(server.Options{Config: c, Demo: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() { over <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-over; err != nil {
			t.Error(err)
		}
	})
	return s, &url.URL{Scheme: "ws", Host: s.Public()[0].String(), Path: "/socket"}
}

// gather lets a crowd in until the returned function is called.
func gather(t *testing.T, o crowd.Options) (c *crowd.Crowd, end func()) {
	t.Helper()
	c = crowd.New(o)
	ctx, stop := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() { defer close(over); c.Run(ctx) }()
	end = func() { stop(); <-over }
	t.Cleanup(end)
	return c, end
}

func until(t *testing.T, what string, f *crowd.Figures, so func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not so: %s; here %d, came %d, left %d, cut %d, refused %d, said %d",
				what, f.Here.Load(), f.Came.Load(), f.Left.Load(), f.Cut.Load(), f.Refused.Load(), f.Said.Load())
		}
	}
}

// People come one after the other, talk, and are gone at the end.
func TestCrowdComesAndGoes(t *testing.T) {
	s, target := demo(t, nil)
	start := time.Now()
	const people, rate = 20, 100
	c, end := gather(t, crowd.Options{Target: target, People: people, Channel: server.DemoChannel, Arrivals: rate, Talk: 10 * time.Millisecond})
	f := &c.Figures
	until(t, "all are here", f, func() bool { return f.Here.Load() == people })
	// The first comes after one tick, so the others take as many.
	if took := time.Since(start); took < (people-1)*time.Second/rate*9/10 {
		t.Errorf("%d people at %d a second came in %v: a flood", people, rate, took)
	}
	until(t, "they talk", f, func() bool { return f.Said.Load() >= people })
	if n := s.Engine().Connections(); n != people {
		t.Errorf("%d connections of %d people", n, people)
	}
	if cut, refused := f.Cut.Load(), f.Refused.Load(); cut+refused > 0 {
		t.Errorf("%d were cut, %d refused", cut, refused)
	}
	end()
	if n := f.Here.Load(); n != 0 {
		t.Errorf("%d are still here", n)
	}
}

// Who leaves comes back, and who finds no server tries again no faster than the rate.
func TestCrowdReturns(t *testing.T) {
	_, target := demo(t, nil)
	c, _ := gather(t, crowd.Options{
		Target: target, People: 10, Channel: server.DemoChannel, Arrivals: 200, Stay: 20 * time.Millisecond, Away: 10 * time.Millisecond,
	})
	f := &c.Figures
	until(t, "everybody was here three times", f, func() bool { return f.Left.Load() >= 30 })
	if f.Cut.Load()+f.Refused.Load() > 0 {
		t.Errorf("%d were cut, %d refused", f.Cut.Load(), f.Refused.Load())
	}

	nobody := &url.URL{Scheme: "ws", Host: "127.0.0.1:1", Path: "/socket"}
	start := time.Now()
	lost, end := gather(t, crowd.Options{Target: nobody, People: 50, Channel: server.DemoChannel, Arrivals: 100, Away: time.Millisecond})
	until(t, "some were refused", &lost.Figures, func() bool { return lost.Figures.Refused.Load() >= 5 })
	end()
	if tries, most := lost.Figures.Refused.Load(), int64(time.Since(start).Seconds()*100)+2; tries > most {
		t.Errorf("%d tries, at most %d were due", tries, most)
	}
}

// What a crowd needs and what there is room for agree.
func TestFit(t *testing.T) {
	last := 0
	for people := range crowd.MaxPeople {
		needs := crowd.Descriptors(people)
		if within := crowd.Within(needs); within > people+1 || within < people-1 {
			t.Fatalf("%d people need %d descriptors, which do for %d", people, needs, within)
		}
		if needs < last {
			t.Fatalf("%d people need less than fewer", people)
		}
		last = needs
	}
}
