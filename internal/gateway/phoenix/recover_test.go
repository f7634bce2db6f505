package phoenix_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"throng"
	"throng/internal/gateway/gatewaytest"
)

// publish publishes on behalf of the server and waits until it is done.
func publish(t testing.TB, s *gatewaytest.Server, channel string, p *throng.Publication) throng.Position {
	t.Helper()
	done := make(chan throng.Position, 1)
	s.Node().Broadcast(context.Background(), channel, p, "", func(r throng.PublishResult, err error) {
		if err != nil {
			t.Error(err)
		}
		done <- r.Position
	})
	return <-done
}

func numbered(n int) *throng.Publication {
	return &throng.Publication{Event: "n", Data: strconv.AppendInt(nil, int64(n), 10)}
}

// recovered is the answer to a join with recover.
type recovered struct {
	Recoverable  bool   `json:"recoverable"`
	Recovered    bool   `json:"recovered"`
	Offset       uint64 `json:"offset"`
	Epoch        string `json:"epoch"`
	Publications []struct {
		Offset  uint64          `json:"offset"`
		Event   string          `json:"event"`
		Payload json.RawMessage `json:"payload"`
		Time    int64           `json:"time"`
	} `json:"publications"`
	Following []struct {
		Offset uint64 `json:"offset"`
		Time   int64  `json:"time"`
	} `json:"following"`
}

// joinWith joins with a payload's recover and returns the answer.
func joinWith(t testing.TB, c *gatewaytest.Client, channel, recover string) (r recovered) {
	t.Helper()
	c.Text(`["1","1","` + channel + `","phx_join",{"recover":` + recover + `}]`)
	var frame [5]json.RawMessage
	reply := struct {
		Status   string     `json:"status"`
		Response *recovered `json:"response"`
	}{Response: &r}
	m := c.Message()
	if err := json.Unmarshal(m.Data, &frame); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(frame[4], &reply); err != nil || reply.Status != "ok" {
		t.Fatalf("%s: %v", m.Data, err)
	}
	return r
}

func (r *recovered) offsets() (offsets []uint64) {
	for _, p := range r.Publications {
		offsets = append(offsets, p.Offset)
	}
	return offsets
}

func TestRecover(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		s := start(t, kind, nil, map[string]*throng.Namespace{"hist": history(5)})
		c := gatewaytest.Connect(t, s.Addr(), target)
		first := joinWith(t, c, "hist:r", `{}`)
		if !first.Recoverable || first.Recovered || first.Offset != 0 || first.Epoch == "" || len(first.Publications) != 0 {
			t.Errorf("new client: %+v", first)
		}
		for i := 1; i <= 8; i++ {
			publish(t, s, "hist:r", numbered(i))
			play(t, c, fmt.Sprintf(`< [null,%d,"hist:r","n",%d]`, i, i))
		}
		since := func(offset int, epoch string) string {
			return fmt.Sprintf(`{"offset":%d,"epoch":%q}`, offset, epoch)
		}
		for _, test := range []struct {
			name, recover string
			recovered     bool
			want          string
		}{
			{"new client", `{}`, false, "[]"},
			{"no history wanted", `{"history":0}`, false, "[]"},
			{"the newest", `{"history":2}`, false, "[7 8]"},
			{"more than there is", `{"history":100}`, false, "[4 5 6 7 8]"},
			{"missed some", since(6, first.Epoch), true, "[7 8]"},
			{"missed all that is kept", since(3, first.Epoch), true, "[4 5 6 7 8]"},
			{"missed none", since(8, first.Epoch), true, "[]"},
			{"missed too many", since(2, first.Epoch), false, "[]"},
			{"from the future", since(9, first.Epoch), false, "[]"},
			{"of another epoch", since(8, "other"), false, "[]"},
		} {
			t.Run(test.name, func(t *testing.T) {
				c := gatewaytest.Connect(t, s.Addr(), target)
				r := joinWith(t, c, "hist:r", test.recover)
				if !r.Recoverable || r.Recovered != test.recovered || r.Offset != 8 || r.Epoch != first.Epoch {
					t.Errorf("%+v", r)
				}
				if got := fmt.Sprint(r.offsets()); got != test.want {
					t.Errorf("publications %s, want %s", got, test.want)
				}
				for _, p := range r.Publications {
					if string(p.Payload) != strconv.FormatUint(p.Offset, 10) || p.Event != "n" || p.Time == 0 {
						t.Errorf("%+v", p)
					}
				}
			})
		}
	})
}

func TestRecoverRefused(t *testing.T) {
	s := start(t, "auto", nil, map[string]*throng.Namespace{"hist": history(5)})
	for _, recover := range []string{
		`[]`, `1`, `"x"`, `{"offset":1}`, `{"epoch":"e"}`, `{"offset":-1,"epoch":"e"}`,
		`{"offset":1.5,"epoch":"e"}`, `{"offset":1,"epoch":2}`, `{"history":-1}`, `{"history":"all"}`,
	} {
		c := gatewaytest.Connect(t, s.Addr(), target)
		play(t, c, `
			> ["1","1","hist:r","phx_join",{"recover":`+recover+`}]
			< ["1","1","hist:r","phx_reply",{"status":"error","response":{"reason":"bad request","code":107,"hint":"…"}}]`)
	}
	c := gatewaytest.Connect(t, s.Addr(), target)
	play(t, c, `
		> ["1","1","hist:r","phx_join",{"re\u0063over":1}]
		< ["1","1","hist:r","phx_reply",{"status":"error","response":{"reason":"bad request","code":107,"hint":"…"}}]
		> ["1","1","hist:r","phx_join",["recover"]]
		< ["1","1","hist:r","phx_reply",{"status":"ok","response":{}}]
		> ["1","1","hist:r","phx_leave",{}]
		< ["1","1","hist:r","phx_reply",{"status":"ok","response":{}}]
		< ["1","1","hist:r","phx_close",{}]
		> ["1","1","hist:r","phx_join",{"recover":null}]
		< ["1","1","hist:r","phx_reply",{"status":"ok","response":{}}]`)
}

// TestRecoverContents: what is not JSON, has no event, or is not for this client.
func TestRecoverContents(t *testing.T) {
	s := start(t, "auto", nil, map[string]*throng.Namespace{"hist": history(10)})
	publish(t, s, "hist:r", &throng.Publication{Data: []byte{0xff}, Binary: true})
	publish(t, s, "hist:r", &throng.Publication{})
	publish(t, s, "hist:r", &throng.Publication{Data: []byte("1"), ExpiresAt: 1})
	c := gatewaytest.Connect(t, s.Addr(), target)
	play(t, c, `
		> ["1","1","hist:r","phx_join",{"recover":{"history":9}}]
		< ["1","1","hist:r","phx_reply",{"status":"ok","response":{"recoverable":true,"recovered":false,"offset":3,"epoch":"…","publications":[{"offset":1,"event":"message","payload":{"encoding":"base64","data":"`+base64.StdEncoding.EncodeToString([]byte{0xff})+`"},"time":"…"},{"offset":2,"event":"message","payload":{},"time":"…"}]}}]`)
	publish(t, s, "hist:r", &throng.Publication{Data: []byte("[]")})
	play(t, c, `< [null,4,"hist:r","message",[]]`)
}

// TestRecoverBounded: an answer has room for what may wait for a client.
func TestRecoverBounded(t *testing.T) {
	o := options("auto", nil, map[string]*throng.Namespace{"hist": history(100)})
	o.Config.Engine.QueueBytes = 64 << 10
	s := gatewaytest.Start(t, o)
	big := []byte(`"` + strings.Repeat("x", 10<<10) + `"`)
	for range 20 {
		publish(t, s, "hist:r", &throng.Publication{Data: big})
	}
	c := gatewaytest.Connect(t, s.Addr(), target)
	r := joinWith(t, c, "hist:r", `{"history":20}`)
	if n := len(r.Publications); n != 6 || r.Publications[n-1].Offset != 20 {
		t.Errorf("the newest that fit: %v", r.offsets())
	}
	// What was missed comes in parts, none of it is lost.
	c = gatewaytest.Connect(t, s.Addr(), target)
	at := uint64(1)
	for part := 1; at < 20; part++ {
		r = joinWith(t, c, "hist:r", fmt.Sprintf(`{"offset":%d,"epoch":%q}`, at, r.Epoch))
		for _, p := range r.Publications {
			if at++; p.Offset != at {
				t.Fatalf("part %d: offset %d, want %d", part, p.Offset, at)
			}
		}
		if !r.Recovered || r.Offset != at || part > 4 {
			t.Fatalf("part %d ends at %d, recovered %t", part, r.Offset, r.Recovered)
		}
		if at < 20 {
			play(t, c, `< ["1","1","hist:r","phx_error",{"reason":"unrecoverable position","code":112,"hint":"…"}]`)
		}
	}
	r = joinWith(t, gatewaytest.Connect(t, s.Addr(), target), "hist:r", fmt.Sprintf(`{"offset":15,"epoch":%q}`, r.Epoch))
	if !r.Recovered || len(r.Publications) != 5 {
		t.Errorf("what fits: %v", r.offsets())
	}
}

// TestAnswersBounded: a client that asks for more than it can have read by then
// is told to ask again, before its answers fill the memory; it gets every answer.
func TestAnswersBounded(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, kind string) {
		o := options(kind, nil, map[string]*throng.Namespace{"hist": history(100)})
		o.Config.Engine.QueueBytes = 256 << 10
		s := gatewaytest.Start(t, o)
		for range 20 {
			publish(t, s, "hist:r", &throng.Publication{Data: []byte(`"` + strings.Repeat("x", 10<<10) + `"`)})
		}
		c := gatewaytest.Connect(t, s.Addr(), target)
		var joins []byte
		for range 300 { // 60 MB of answers
			joins = append(joins, c.Frame(1, []byte(`["1","1","hist:r","phx_join",{"recover":{"history":20}}]`))...)
		}
		c.Raw(joins)
		time.Sleep(200 * time.Millisecond)
		var queued int64
		for i := range s.Engine().Loops() {
			queued += s.Engine().Stats(i).Queued.Load()
		}
		if queued > 2<<20 {
			t.Errorf("%d bytes wait", queued)
		}
		answered, later := 0, 0
		for answered+later < 300 {
			switch m := c.Message(); {
			case bytes.Contains(m.Data, []byte(`"phx_reply",{"status":"ok"`)):
				answered++
			case bytes.Contains(m.Data, []byte(`"code":111`)):
				later++
			}
		}
		if answered == 0 || later == 0 {
			t.Errorf("%d answered, %d to ask again", answered, later)
		}
	})
}
