package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"throng/internal/gateway/gatewaytest"
)

func TestBatch(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, engine string) {
		w := start(t, engine, nil)
		a := w.connect("a").join("room:x")
		for _, parallel := range []bool{false, true} {
			got := string(w.post("batch", fmt.Sprintf(`{"commands":[
				{"publish":{"channel":"room:x","data":1}},
				{"publish":{"channel":"room:x"}},
				{"nothing":{}},
				{},
				{"batch":{"commands":[]}},
				{"presence_stats":{"channel":"room:x"}},
				{"history_remove":{"channel":"hist:y"}},
				{"publish":{"channel":"room:x","data":2}}
			],"parallel":%v}`, parallel)))
			const want = `{"replies":[{"publish":{"offset":0,"epoch":"","connections":1}},` +
				`{"error":{"code":107,"message":"bad request: data: something to publish is needed, or b64data"}},` +
				`{"error":{"code":104,"message":"method not found: \"nothing\""}},` +
				`{"error":{"code":107,"message":"bad request: commands: a command is an object with one member, the name of a method"}},` +
				`{"error":{"code":104,"message":"method not found: \"batch\""}},` +
				`{"presence_stats":{"num_clients":1,"num_users":1}},` +
				`{"history_remove":{}},` +
				`{"publish":{"offset":0,"epoch":"","connections":1}}]}`
			if got != want {
				t.Errorf("parallel %v\ngot  %s\nwant %s", parallel, got, want)
			}
			a.Expect(`[null,null,"room:x","message",1]`)
			a.Expect(`[null,null,"room:x","message",2]`)
		}
	})
}

func TestBatchKeepsOrder(t *testing.T) {
	w := start(t, "", nil)
	a := w.connect("a").join("hist:x")
	var commands []string
	for i := range 1000 {
		commands = append(commands, fmt.Sprintf(`{"publish":{"channel":"hist:x","data":%d}}`, i))
	}
	var r struct {
		Replies []struct{ Publish published }
	}
	if err := json.Unmarshal(w.post("batch", `{"parallel":true,"commands":[`+strings.Join(commands, ",")+`]}`), &r); err != nil {
		t.Fatal(err)
	}
	for i := range 1000 {
		if r.Replies[i].Publish.Offset != uint64(i+1) {
			t.Fatalf("reply %d has offset %d", i, r.Replies[i].Publish.Offset)
		}
		a.Expect(fmt.Sprintf(`[null,null,"hist:x","message",%d]`, i))
	}
}

// The replies are bounded, whatever is asked.
func TestBatchIsBounded(t *testing.T) {
	bulky(t)
	w := start(t, "", nil)
	w.refused("batch", `{}`, 107, "commands: at least one is needed")
	w.refused("batch", `{"commands":[{}`+strings.Repeat(`,{}`, 10_000)+`]}`, 106, "at most 10000")
	w.refused("batch", `{"commands":[{"info":{}},null]}`, 107, "commands: a command is an object")
	w.refused("batch", `{"commands":[1]}`, 107, "commands: a command is an object")
	big := strings.Repeat("x", 100_000)
	for range 50 {
		w.want("publish", `{"channel":"room:x","data":1}`, `{"offset":0,"epoch":"","connections":0}`)
		result[published](w, "publish", `{"channel":"hist:big","data":"`+big+`"}`)
	}
	read := `{"history":{"channel":"hist:big","limit":-1}}` // 5 MB
	for _, parallel := range []bool{false, true} {
		answer := w.post("batch", fmt.Sprintf(`{"parallel":%v,"commands":[%s]}`, parallel, read+strings.Repeat(`,`+read, 99)))
		if len(answer) > 30<<20 {
			t.Errorf("parallel %v: %d bytes", parallel, len(answer))
		}
		if !strings.HasSuffix(string(answer), `this was not done"}}]}`) {
			t.Errorf("parallel %v: … %s", parallel, answer[len(answer)-200:])
		}
	}
}

// What was published already when the replies were too large is told so.
func TestBatchTellsWhatWasDone(t *testing.T) {
	bulky(t)
	w := start(t, "", nil)
	big := strings.Repeat("x", 100_000)
	for range 50 {
		result[published](w, "publish", `{"channel":"hist:big","data":"`+big+`"}`)
	}
	const read, say = `{"history":{"channel":"hist:big","limit":-1}}`, `{"publish":{"channel":"hist:x","data":1}}`
	answer := string(w.post("batch", `{"parallel":true,"commands":[`+strings.Repeat(read+`,`, 10)+strings.Repeat(say+`,`, 300)+say+`]}`))
	done := strings.Count(answer, `{"publish":{"offset":`)
	at := result[struct{ Offset int }](w, "history", `{"channel":"hist:x"}`).Offset
	if done != at || done == 0 || strings.Count(answer, "this was not done") != 6+301-done {
		t.Errorf("%d are said to be published, %d are", done, at)
	}
}

// Older libraries post commands to /api itself.
func TestCommands(t *testing.T) {
	w := start(t, "", nil)
	status, got := w.request(http.MethodPost, "/api", `{"method":"publish","params":{"channel":"room:x","data":1}}`+
		"\n"+`{"method":"publish","params":{"channel":"room:x"}} {"method":"x"}{"method":"presence","params":{"channel":"room:x"},"id":7}`)
	want := strings.Join([]string{
		`{"result":{"offset":0,"epoch":"","connections":0}}`,
		`{"error":{"code":107,"message":"bad request: data: something to publish is needed, or b64data"}}`,
		`{"error":{"code":104,"message":"method not found: \"x\""}}`,
		`{"result":{"presence":{}}}`,
	}, "\n")
	if status != 200 || string(got) != want {
		t.Errorf("%d\n%s\nwant\n%s", status, got, want)
	}
	for body, want := range map[string]string{
		``: `a command is needed`, `[1]`: `a command is needed`, `{"method":"info"}}`: "\n" + `{"error":{"code":107,"message":"bad request: a command is needed`,
	} {
		if status, got := w.request(http.MethodPost, "/api/", body); status != 200 || !strings.Contains(string(got), want) {
			t.Errorf("%s: %d %s", body, status, got)
		}
	}
}
