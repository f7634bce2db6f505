package bench_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"throng/internal/bench"
	"throng/internal/bench/report"
	"throng/internal/bench/scenario"
	"throng/internal/gateway/gatewaytest"
)

// Over TLS connections are carried by goroutines.
func TestTLS(t *testing.T) {
	s := gatewaytest.Start(t, gatewaytest.Options("goroutine+tls"))
	url := "wss://" + s.Secured()[0].String() + "/socket"
	for name, o := range map[string]scenario.Options{
		"room":      {Users: 12, Senders: 3, Times: 5, Rate: 100},
		"roundtrip": {Users: 5, For: time.Second, Burst: 20},
		"reconnect": {Users: 12},
		"echo":      {Users: 5, For: time.Second, Payload: 20_000},
	} {
		t.Run(name, func(t *testing.T) {
			o.Targets = []string{url}
			if name == "echo" {
				o.Targets = []string{strings.Replace(url, "/socket", "/echo", 1)}
			}
			r, err := measure(t, name, o, func(o *bench.Options) {
				o.Scenario.Insecure = true
				o.Processes = 2
			})
			if err != nil || r.Checks.Bad() > 0 || len(r.Failures) > 0 || r.Phases[0].Counts.Connects != int64(o.Users) {
				t.Errorf("%v, %+v, %v", err, r.Checks, r.Failures)
			}
			if name == "room" && r.Phases[2].Counts.Received != 12*3*5 {
				t.Errorf("%+v", r.Phases[2].Counts)
			}
			if name == "reconnect" && r.Phases[2].Latencies[report.Comeback].Count() != 12 {
				t.Errorf("%+v", r.Phases[2].Counts)
			}
		})
	}
}

// A certificate that nobody vouches for is refused, and said so.
func TestUnknownCertificate(t *testing.T) {
	s := gatewaytest.Start(t, gatewaytest.Options("goroutine+tls"))
	r, err := measure(t, "connect", scenario.Options{Targets: []string{"wss://" + s.Secured()[0].String() + "/socket"}, Users: 3}, func(o *bench.Options) {
		o.Scenario.Reconnect = "never"
	})
	if err == nil || r == nil || !hasFailure(r, "connect: tls: failed to verify certificate") || len(r.Failures) != 1 {
		t.Errorf("%v, %+v", err, r)
	}
}

// A server that hangs in the TLS handshake does not hold up the end.
func TestHangsInHandshake(t *testing.T) {
	t.Parallel()
	over := make(chan struct{})
	s := perform(t, &stage{answer: func(net.Conn) { <-over }}) // never reached: a hello is no HTTP head
	defer close(over)
	r, err := measure(t, "connect", scenario.Options{Targets: []string{strings.Replace(s.url(), "ws:", "wss:", 1)}, Users: 3}, func(o *bench.Options) {
		o.Scenario.Patience = scenario.Duration(500 * time.Millisecond)
		o.Scenario.Reconnect = "never"
	})
	if err == nil || r == nil || !hasFailure(r, "connect: ") {
		t.Errorf("%v, %+v", err, r)
	}
}

func TestIPv6(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("this machine has no IPv6: ", err)
	}
	_ = ln.Close()
	s := perform(t, &stage{addr: "[::1]:0"})
	r, err := measure(t, "connect", scenario.Options{Targets: []string{s.url()}, Users: 3}, func(o *bench.Options) {
		o.Scenario.Sources = []string{"::1"}
	})
	if err != nil || r.Phases[0].Counts.Joins != 3 || len(r.Failures) > 0 {
		t.Errorf("%v, %+v", err, r)
	}
}

// Users are dealt out to addresses here, and to targets.
func TestSourcesAndTargets(t *testing.T) {
	t.Parallel()
	one, other := perform(t, &stage{}), perform(t, &stage{})
	r, err := measure(t, "servers", scenario.Options{
		Targets: []string{one.url(), other.url()}, Users: 12, Channels: 4, Rate: 50, For: time.Second,
	}, func(o *bench.Options) {
		o.Scenario.Sources = []string{"127.0.0.1", "127.0.0.1"}
		o.Processes = 2
	})
	if err != nil || r.Checks.Bad() > 0 || len(r.Failures) > 0 || r.Checks.Expected == 0 {
		t.Fatalf("%v, %+v", err, r)
	}
	if c := r.Phases[2].Counts; c.Received != 3*c.Replies {
		t.Errorf("%+v", c)
	}
}

func TestUnknownHost(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"ws", "wss"} {
		r, err := measure(t, "connect", scenario.Options{Targets: []string{scheme + "://nobody.invalid/socket"}, Users: 3}, func(o *bench.Options) {
			o.Scenario.Reconnect = "never"
		})
		if err == nil || r == nil && !strings.Contains(err.Error(), "nobody.invalid") || r != nil && !hasFailure(r, "connect: ") {
			t.Errorf("%s: %v, %+v", scheme, err, r)
		}
	}
}
