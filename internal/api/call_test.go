package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// leaving is the context of a request whose client goes while it is being done: when
// it was asked for often enough.
type leaving struct {
	context.Context
	left atomic.Int64
}

func (l *leaving) Err() error {
	if l.left.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

// Nothing more is begun when nobody waits for the answer any more.
func TestCallerIsGone(t *testing.T) {
	w := start(t, "", nil)
	v := w.connect("a")
	for i := range 40 {
		v.join(fmt.Sprint("room:", i))
	}
	const say, many = `{"publish":{"channel":"hist:%s","data":1}}`, 40
	channels := strings.TrimSuffix(strings.Repeat(`"hist:broadcast",`, many), ",")
	list := func(channel string) string {
		return strings.TrimSuffix(strings.Repeat(fmt.Sprintf(say, channel)+",", many), ",")
	}
	for _, one := range []struct{ path, channel, body string }{
		{"batch", "batch", `{"commands":[` + list("batch") + `]}`},
		{"batch", "parallel", `{"parallel":true,"commands":[` + list("parallel") + `]}`},
		{"", "commands", strings.Repeat(`{"method":"publish","params":{"channel":"hist:commands","data":1}}`, many)},
		{"broadcast", "broadcast", `{"channels":[` + channels + `],"data":1}`},
		{"publish", "", `{"pattern":"room:*","data":1}`},
	} {
		ctx := &leaving{Context: t.Context()}
		ctx.left.Store(10)
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, "/api/"+one.path, strings.NewReader(one.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Api-Key", "dev")
		answer := httptest.NewRecorder()
		w.server.API().ServeHTTP(answer, r)
		if one.channel == "" {
			var a struct{ Result published }
			if err := json.Unmarshal(answer.Body.Bytes(), &a); err != nil || a.Result.Channels == 0 || a.Result.Channels > 10 {
				t.Errorf("%v, %s", err, answer.Body)
			}
			continue
		}
		done := result[struct{ Offset int }](w, "history", fmt.Sprintf(`{"channel":"hist:%s"}`, one.channel)).Offset
		if done == 0 || done > 10 {
			t.Errorf("%s: %d were published after the client had gone", one.channel, done)
		}
	}
}

// Commands of a few bytes may publish to very many channels: not without bound.
func TestPublicationsAreBounded(t *testing.T) {
	bulky(t)
	w := start(t, "", nil)
	w.connect("a").join("room:1")
	all := `{"broadcast":{"channels":["a"` + strings.Repeat(`,"a"`, 9_999) + `],"data":1}}`
	for _, parallel := range []bool{false, true} {
		_, answer := w.request(http.MethodPost, "/api/batch", fmt.Sprintf(`{"parallel":%v,"commands":[%s,
			{"publish":{"channel":"a","data":1}},{"publish":{"pattern":"room:*","data":1}},{"broadcast":{"channels":["a"],"data":1}},{"info":{}}]}`,
			parallel, all+strings.Repeat(","+all, 9)))
		if n := strings.Count(string(answer), `{"result":{"offset":0,"epoch":"","connections":0}}`); n != 100_000 {
			t.Errorf("parallel %v: %d publications", parallel, n)
		}
		if n := strings.Count(string(answer), `{"error":{"code":106,"message":"limit exceeded: one request publishes to at most 100000 channels`); n != 3 {
			t.Errorf("parallel %v: %d commands were refused", parallel, n)
		}
		if !strings.Contains(string(answer), `{"info":`) {
			t.Errorf("parallel %v: what is no publication was not done", parallel)
		}
	}
}
