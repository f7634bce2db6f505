package phoenix_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"testing"
	"time"

	"throng"
	"throng/internal/gateway/gatewaytest"
)

func expiring(n int, at int64) *throng.Publication {
	p := numbered(n)
	p.ExpiresAt = at
	return p
}

// A deadline is told in both versions of the wire, and not where there is none.
func TestDeadlineIsTold(t *testing.T) {
	s := start(t, "auto", nil, nil)
	at := time.Now().Add(time.Hour).UnixMilli()
	two, one := gatewaytest.Connect(t, s.Addr(), target), gatewaytest.Connect(t, s.Addr(), "/socket/websocket?vsn=1.0.0")
	play(t, two, `> ["1","1","room:d","phx_join",{}]
		< ["1","1","room:d","phx_reply",{"status":"ok","response":{}}]`)
	one.Text(`{"topic":"room:d","event":"phx_join","payload":{},"ref":"1"}`)
	one.Message()
	publish(t, s, "room:d", expiring(1, at))
	publish(t, s, "room:d", numbered(2))
	two.Expect(fmt.Sprintf(`[null,null,"room:d","n",1,{"expires_at":%d}]`, at))
	two.Expect(`[null,null,"room:d","n",2]`)
	one.Expect(fmt.Sprintf(`{"topic":"room:d","event":"n","payload":1,"ref":null,"expires_at":%d}`, at))
	one.Expect(`{"topic":"room:d","event":"n","payload":2,"ref":null}`)
}

// What has a deadline is not part of an answer, which can't be dropped: it follows, and
// what comes behind it in the channel too, from the position that the answer says.
func TestRecoverBehindTheAnswer(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		s := start(t, kind, nil, map[string]*throng.Namespace{"hist": history(10)})
		c := gatewaytest.Connect(t, s.Addr(), target)
		first := joinWith(t, c, "hist:d", `{}`)
		now := time.Now()
		at := now.Add(time.Hour).UnixMilli()
		publish(t, s, "hist:d", numbered(1))
		publish(t, s, "hist:d", expiring(2, now.UnixMilli()-1)) // over
		publish(t, s, "hist:d", numbered(3))
		publish(t, s, "hist:d", expiring(4, at))
		publish(t, s, "hist:d", numbered(5))
		for _, test := range []struct{ recover, offsets string }{
			{fmt.Sprintf(`{"offset":0,"epoch":%q}`, first.Epoch), "[1 3]"},
			{fmt.Sprintf(`{"offset":3,"epoch":%q}`, first.Epoch), "[]"},
			{`{"history":3}`, "[3]"},
		} {
			c := gatewaytest.Connect(t, s.Addr(), target)
			r := joinWith(t, c, "hist:d", test.recover)
			if got := fmt.Sprint(r.offsets()); got != test.offsets || r.Offset != 3 {
				t.Errorf("%s: offset %d, publications %s", test.recover, r.Offset, got)
			}
			if f := r.Following; len(f) != 2 || f[0].Offset != 4 || f[1].Offset != 5 || f[0].Time < now.UnixMilli()-2 || f[1].Time > time.Now().UnixMilli()+2 {
				t.Errorf("%s: the answer names %v as following", test.recover, f)
			}
			c.Expect(fmt.Sprintf(`[null,4,"hist:d","n",4,{"expires_at":%d}]`, at))
			c.Expect(`[null,5,"hist:d","n",5]`)
			c.Text(`["1","2","hist:d","phx_leave",{}]`)
			c.Message()
		}
		last := gatewaytest.Connect(t, s.Addr(), target)
		if r := joinWith(t, last, "hist:d", fmt.Sprintf(`{"offset":4,"epoch":%q}`, first.Epoch)); r.Following != nil || fmt.Sprint(r.offsets()) != "[5]" {
			t.Errorf("behind what has a deadline: publications %v, following %v", r.offsets(), r.Following)
		}
		publish(t, s, "hist:d", numbered(6))
		last.Expect(`[null,6,"hist:d","n",6]`)
	})
}

var serverTime = regexp.MustCompile(`"response":\{(?:.*,)?"time":(\d+)\}`)

// Who asks for it gets the server's time with answers that say nothing else, and keeps
// getting it; who does not gets what Phoenix answers.
func TestServerTime(t *testing.T) {
	s := start(t, "auto", nil, map[string]*throng.Namespace{"hist": history(10)})
	for _, version := range []string{"2.0.0", "1.0.0"} {
		c := gatewaytest.Connect(t, s.Addr(), "/socket/websocket?vsn="+version+"&time=1")
		for _, m := range []string{`[null,"1","phoenix","heartbeat",{}]`, `["2","2","room:t","phx_join",{}]`, `["3","3","hist:t","phx_join",{"recover":{}}]`} {
			if version == "1.0.0" {
				var e [5]json.RawMessage
				_ = json.Unmarshal([]byte(m), &e)
				m = fmt.Sprintf(`{"topic":%s,"event":%s,"payload":%s,"ref":%s}`, e[2], e[3], e[4], e[1])
			}
			before := time.Now().UnixMilli()
			c.Text(m)
			got := string(c.Message().Data)
			var at int64
			if m := serverTime.FindStringSubmatch(got); m != nil {
				at, _ = strconv.ParseInt(m[1], 10, 64)
			}
			if at < before-2 || at > time.Now().UnixMilli()+2 {
				t.Errorf("%s was answered %s", m, got)
			}
		}
	}
	c := gatewaytest.Connect(t, s.Addr(), target+"&time=0")
	play(t, c, `> [null,"1","phoenix","heartbeat",{}]
		< [null,"1","phoenix","phx_reply",{"status":"ok","response":{}}]`)
}
