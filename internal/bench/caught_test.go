package bench_test

import (
	"net"
	"testing"
	"time"

	"throng/internal/bench"
	"throng/internal/bench/report"
	"throng/internal/bench/scenario"
	"throng/internal/protocol/phoenix"
)

const subscribers = 5

// fanout sends ten messages to five subscribers of a stage.
func fanout(t *testing.T, s *stage) *report.Report {
	t.Helper()
	perform(t, s)
	r, err := measure(t, "fanout", scenario.Options{Targets: []string{s.url()}, Users: subscribers, Times: 10, Rate: 50}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A server that does everything right is found to.
func TestSound(t *testing.T) {
	t.Parallel()
	r := fanout(t, &stage{})
	if r.Checks != (report.Checks{Expected: 10 * subscribers}) || len(r.Failures) > 0 {
		t.Errorf("%+v %v", r.Checks, r.Failures)
	}
	messages := r.Phases[len(r.Phases)-1]
	if c := messages.Counts; c.Sent != 10 || c.Replies != 10 || c.Received != 10*subscribers {
		t.Errorf("%+v", c)
	}
	for name, want := range map[string]int64{report.Delivery: 10 * subscribers, report.Last: 10, report.Reply: 10} {
		if h := messages.Latencies[name]; h == nil || h.Count() != want {
			t.Errorf("%s: not %d", name, want)
		}
	}
}

// What a server does wrong with its broadcasts is found, by its kind and number.
func TestWrongDeliveries(t *testing.T) {
	t.Parallel()
	once := func(frames ...[]byte) [][]byte { return frames }
	var held []byte
	for name, test := range map[string]struct {
		change func(n int, frame []byte) [][]byte
		want   report.Checks
	}{
		"lost in the middle": {func(n int, f []byte) [][]byte {
			if n == 4 || n == 5 {
				return nil
			}
			return once(f)
		}, report.Checks{Gaps: 2 * subscribers}},
		"lost at the beginning": {func(n int, f []byte) [][]byte {
			if n == 1 {
				return nil
			}
			return once(f)
		}, report.Checks{Gaps: subscribers}},
		"lost at the end": {func(n int, f []byte) [][]byte {
			if n == 10 {
				return nil
			}
			return once(f)
		}, report.Checks{Missing: subscribers}},
		"repeated": {func(n int, f []byte) [][]byte {
			if n == 7 {
				return once(f, f)
			}
			return once(f)
		}, report.Checks{Duplicates: subscribers}},
		"repeated and lost": {func(n int, f []byte) [][]byte {
			switch n {
			case 3:
				return once(f, f)
			case 10:
				return nil
			}
			return once(f)
		}, report.Checks{Duplicates: subscribers, Missing: subscribers}},
		"of nobody": {func(n int, f []byte) [][]byte {
			if n == 2 {
				return once(f, []byte(`[null,null,"bench:all","msg",{"b":"zz.1.1"}]`))
			}
			return once(f)
		}, report.Checks{Foreign: subscribers}},
		"of another channel": {func(n int, f []byte) [][]byte {
			if n == 2 {
				return once(f, []byte(`[null,null,"bench:other","msg",{"b":"0.1.1"}]`))
			}
			return once(f)
		}, report.Checks{Foreign: subscribers}},
		"without a mark": {func(n int, f []byte) [][]byte {
			if n == 2 {
				return once(f, []byte(`[null,null,"bench:all","msg",{}]`))
			}
			return once(f)
		}, report.Checks{Foreign: subscribers}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := fanout(t, &stage{change: test.change}).Checks
			test.want.Expected = got.Expected
			if got != test.want || got.Expected != 10*subscribers {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
	t.Run("swapped", func(t *testing.T) {
		got := fanout(t, &stage{change: func(n int, f []byte) [][]byte {
			switch n {
			case 5:
				held = f
				return nil
			case 6:
				return once(f, held)
			}
			return once(f)
		}}).Checks
		if want := (report.Checks{Expected: 10 * subscribers, Reordered: subscribers}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

// What keeps clients out or throws them out is counted by its reason, and the run
// goes on with the others.
func TestServersThatDoNotServe(t *testing.T) {
	t.Parallel()
	say := func(text string) func(net.Conn) {
		return func(nc net.Conn) { _, _ = nc.Write([]byte(text)) }
	}
	for name, test := range map[string]struct {
		answer func(net.Conn)
		addr   string
		want   string
	}{
		"nobody listens": {addr: "127.0.0.1:1", want: "connection refused"},
		"hangs":          {answer: func(nc net.Conn) { _, _ = nc.Read(make([]byte, 1)) }, want: "connect: no answer within"},
		"closes":         {answer: func(net.Conn) {}, want: "closed: EOF"},
		"refuses":        {answer: say("HTTP/1.1 503 Service Unavailable\r\n\r\n"), want: "upgrade: HTTP 503"},
		"no HTTP":        {answer: say("220 smtp\r\n\r\n"), want: "upgrade: "},
		"wrong answer":   {answer: say("HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n"), want: "upgrade: HTTP 101"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := perform(t, &stage{answer: test.answer})
			url := s.url()
			if test.addr != "" {
				url = "ws://" + test.addr + "/socket"
			}
			r, err := measure(t, "connect", scenario.Options{Targets: []string{url}, Users: 4}, func(o *bench.Options) {
				o.Scenario.Patience = scenario.Duration(500 * time.Millisecond)
			})
			if err == nil || r == nil || !hasFailure(r, test.want) {
				t.Errorf("error %v; no failure with %q", err, test.want)
			}
		})
	}
}

func TestRefusedJoinsAndMessages(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		event, status, want string
	}{
		"join refused":    {"phx_join", "error", `join refused: "because"`},
		"join unanswered": {"phx_join", "", "join: no answer"},
		"message refused": {"msg", "error", `message refused: "because"`},
		"unanswered":      {"msg", "", "message: no answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := perform(t, &stage{reply: func(m *phoenix.Message) string {
				if string(m.Event) == test.event {
					return test.status
				}
				return "ok"
			}})
			r, _ := measure(t, "fanout", scenario.Options{Targets: []string{s.url()}, Users: 3, Times: 2, Rate: 20}, func(o *bench.Options) {
				o.Scenario.Patience = scenario.Duration(3 * time.Second)
				o.Scenario.Reconnect = "never"
			})
			if r == nil || !hasFailure(r, test.want) {
				t.Errorf("no failure with %q", test.want)
			}
		})
	}
}

// Garbage and ends in the middle are counted; the clients come back.
func TestBrokenInTheMiddle(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ frame, want string }{
		"not Phoenix":  {`{"hello":1}`, "not a frame of Phoenix"},
		"no reply":     {`["1","77","bench:all","phx_reply",{"status":"ok","response":{}}]`, "a reply to nothing"},
		"channel dies": {`["1","1","bench:all","phx_error",{"reason":"channel_crash"}]`, `channel ended: phx_error "channel_crash"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := perform(t, &stage{change: func(n int, f []byte) [][]byte {
				if n == 3 {
					return [][]byte{f, []byte(test.frame)}
				}
				return [][]byte{f}
			}})
			r, err := measure(t, "fanout", scenario.Options{Targets: []string{s.url()}, Users: 3, Times: 6, Rate: 5}, nil)
			if err != nil || !hasFailure(r, test.want) {
				t.Errorf("error %v; no failure with %q", err, test.want)
			}
		})
	}
}
