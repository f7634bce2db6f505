package gateway_test

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"throng/internal/gateway/gatewaytest"
	"throng/internal/websocket"
)

// stateTimes are the times in what is told of a user's state, and its epochs.
var stateTimes = regexp.MustCompile(`"(updated_at|time)":\d+|"epoch":"[\w-]{8}"`)

// likeState wants a message whose times and epochs are left out.
func likeState(t *testing.T, c *gatewaytest.Client, want string) string {
	t.Helper()
	m := string(c.Message().Data)
	if got := stateTimes.ReplaceAllStringFunc(m, func(s string) string { return s[:strings.Index(s, ":")+1] + "…" }); got != want {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
	return m
}

// TestState: two tabs and a stream share a map: a snapshot at the beginning, then each
// change; the answer comes behind the change.
func TestState(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		s := gatewaytest.Start(t, gatewaytest.Options(kind))
		const target = "/socket/websocket?vsn=2.0.0&user_id=ann"
		first, second := gatewaytest.Connect(t, s.Addr(), target), gatewaytest.Connect(t, s.Addr(), target)
		second.Text(beat) // it is there
		second.Expect(beaten)
		join := func(c *gatewaytest.Client, state string) {
			t.Helper()
			c.Text(`["1","1","@user:ann","phx_join",{}]`)
			c.Expect(`["1","1","@user:ann","phx_reply",{"status":"ok","response":{}}]`)
			likeState(t, c, `["1",null,"@user:ann","state",`+state+`]`)
		}
		join(first, `{"epoch":"","version":0,"entries":{},"time":…}`)
		first.Text(`["1","2","@user:ann","state_set",{"key":"theme","value": {"dark": true},"mutation_id":"tab1:1"}]`)
		diff := `[null,null,"@user:ann","state_diff",{"epoch":…,"version":1,"key":"theme","value":{"dark":true},"updated_at":…,"mutation_id":"tab1:1"}]`
		likeState(t, first, diff)
		likeState(t, first, `["1","2","@user:ann","phx_reply",{"status":"ok","response":{"epoch":…,"version":1}}]`)
		likeState(t, second, diff) // by the server's subscription
		join(second, `{"epoch":…,"version":1,"entries":{"theme":{"value":{"dark":true},"version":1,"updated_at":…}},"time":…}`)
		l := listen(t, s, "/events?user_id=ann")
		stream, _ := l.begins()
		if p, id := l.publication(); p.Event != "state" || id != "" || !strings.Contains(fmt.Sprint(p.Data), "dark:true") {
			t.Errorf("%+v %q", p, id)
		}
		second.Text(`["1","3","@user:ann","state_set",{"key":"theme","value":1,"if_version":7}]`)
		second.Expect(`["1","3","@user:ann","phx_reply",{"status":"error","response":{"reason":"version conflict","code":113,"version":1,"value":{"dark":true}}}]`)
		second.Text(`["1","4","@user:ann","state_set",{"key":"theme","value":{},"mutation_id":"tab1:1"}]`)
		likeState(t, second, `["1","4","@user:ann","phx_reply",{"status":"ok","response":{"epoch":…,"version":1,"replayed":true}}]`)
		second.Text(`["1","5","@user:ann","state_del",{"key":"theme","if_version":1}]`)
		gone := `[null,null,"@user:ann","state_diff",{"epoch":…,"version":2,"key":"theme","deleted":true,"updated_at":…}]`
		likeState(t, second, gone)
		likeState(t, second, `["1","5","@user:ann","phx_reply",{"status":"ok","response":{"epoch":…,"version":2}}]`)
		likeState(t, first, gone)
		if p, id := l.publication(); p.Event != "state_diff" || p.Offset != 2 || id == "" {
			t.Errorf("%+v %q", p, id)
		}
		first.Text(`["1","6","@user:ann","state_get",{}]`)
		m := likeState(t, first, `["1","6","@user:ann","phx_reply",{"status":"ok","response":{"epoch":…,"version":2,"entries":{},"time":…}}]`)
		epoch := regexp.MustCompile(`"epoch":"([\w-]{8})"`).FindStringSubmatch(m)[1]
		for _, back := range []struct {
			offset  int
			version int
			epoch   string
			shown   bool
		}{{2, 2, epoch, false}, {1, 1, epoch, false}, {2, 3, epoch, true}, {2, 2, "another", true}, {9, 2, epoch, true}} {
			c := gatewaytest.Connect(t, s.Addr(), target)
			c.Text(fmt.Sprintf(`["1","1","@user:ann","phx_join",{"recover":{"offset":%d,"epoch":%q},"state":{"epoch":%q,"version":%d}}]`, back.offset, stream.Epoch, back.epoch, back.version))
			if m := string(c.Message().Data); !strings.Contains(m, fmt.Sprintf(`"recovered":%t`, back.offset <= 2)) {
				t.Errorf("%+v: %s", back, m)
			}
			c.Text(`[null,"2","phoenix","heartbeat",{}]`)
			if m := string(c.Message().Data); strings.Contains(m, `"state"`) != back.shown {
				t.Errorf("%+v: %s", back, m)
			}
			c.Close()
		}
		first.Text(`["7","7","room:1","phx_join",{}]`)
		first.Expect(`["7","7","room:1","phx_reply",{"status":"ok","response":{}}]`)
		first.Text(`["7","8","room:1","state_get",{}]`)
		first.Expect(`["7","8","room:1","phx_reply",{"status":"error","response":{"reason":"permission denied","code":103,"hint":"send it to the own channel, @user:ID"}}]`)
	})
}

// TestStateAskedAtOnce: who asks for a large map hundreds of times in one packet is told to
// wait, soon enough that the answers fit its queue, and is answered later.
func TestStateAskedAtOnce(t *testing.T) {
	s := gatewaytest.Start(t, gatewaytest.Options("auto"))
	c := gatewaytest.Connect(t, s.Addr(), "/socket/websocket?vsn=2.0.0&user_id=ann")
	c.Text(`["1","1","@user:ann","phx_join",{}]`)
	c.Message()
	c.Message()
	for key := range 3 {
		c.Text(fmt.Sprintf(`["1","2","@user:ann","state_set",{"key":"%d","value":"%s"}]`, key, strings.Repeat("x", 16<<10-2)))
		c.Message()
		c.Message()
	}
	const asked = 300
	c.Raw(bytes.Repeat(c.Frame(websocket.OpText, []byte(`["1","3","@user:ann","state_get",{}]`)), asked))
	refused := 0
	for range asked {
		switch m := string(c.Message().Data); {
		case strings.Contains(m, `"code":111,"hint":"wait for answers"`):
			refused++
		case !strings.Contains(m, `"entries"`):
			t.Fatalf("%.300s", m)
		}
	}
	if refused < asked/2 || refused == asked {
		t.Errorf("%d of %d were told to wait", refused, asked)
	}
	c.Text(`["1","4","@user:ann","state_get",{}]`)
	if m := string(c.Message().Data); !strings.Contains(m, `"entries"`) {
		t.Errorf("%.300s", m)
	}
}

// BenchmarkStateTabs writes a user's map from one of ten tabs, and waits until all have
// it.
func BenchmarkStateTabs(b *testing.B) {
	s := gatewaytest.Start(b, gatewaytest.Options("auto"))
	var tabs []*gatewaytest.Client
	for range 10 {
		c := gatewaytest.Connect(b, s.Addr(), "/socket/websocket?vsn=2.0.0&user_id=ann")
		c.Text(`["1","1","@user:ann","phx_join",{}]`)
		c.Message()
		c.Message()
		tabs = append(tabs, c)
	}
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		begin := time.Now()
		tabs[i%10].Text(fmt.Sprintf(`["1","2","@user:ann","state_set",{"key":"k","value":%d}]`, i))
		for _, c := range tabs {
			c.Message()
		}
		took = append(took, time.Since(begin))
		tabs[i%10].Message() // the answer
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}
