package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"throng/internal/config"
	"throng/internal/gateway/gatewaytest"
)

type published struct {
	Offset      uint64
	Epoch       string
	Connections int
	Duplicate   bool
	Channels    int
}

func TestPublish(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, engine string) {
		w := start(t, engine, nil)
		a, b := w.connect("a").join("room:x"), w.connect("b").join("room:x", "hist:x")
		w.want("publish", `{"channel":"room:x","data":{"text":"<b>&"}}`, `{"offset":0,"epoch":"","connections":2}`)
		a.Expect(`[null,null,"room:x","message",{"text":"<b>&"}]`)
		b.Expect(`[null,null,"room:x","message",{"text":"<b>&"}]`)
		first := result[published](w, "publish", `{"channel":"hist:x","data":1,"event":"e"}`)
		if first.Offset != 1 || first.Epoch == "" || first.Connections != 1 {
			t.Errorf("%+v", first)
		}
		b.Expect(`[null,null,"hist:x","e",1]`)
		w.want("publish", `{"channel":"nobody","data":null}`, `{"offset":0,"epoch":"","connections":0}`)
		w.want("publish", fmt.Sprintf(`{"channel":"room:x","data":2,"exclude":%q}`, w.id("a")), `{"offset":0,"epoch":"","connections":2}`)
		b.Expect(`[null,null,"room:x","message",2]`)
		w.want("publish", `{"channel":"room:x","data":3,"expires_at":1}`, `{"offset":0,"epoch":"","connections":2}`) // long ago
		a.sync()
		b.sync()
	})
}

func TestPublishBytes(t *testing.T) {
	w := start(t, "", nil)
	a := w.connect("a").join("room:x")
	w.want("publish", `{"channel":"room:x","b64data":"/wA=","event":"e"}`, `{"offset":0,"epoch":"","connections":1}`)
	if m := a.Message(); !strings.HasSuffix(string(m.Data), "room:xe\xff\x00") {
		t.Errorf("%q", m.Data)
	}
	w.want("publish", `{"channel":"room:x","b64data":"","data":5}`, `{"offset":0,"epoch":"","connections":1}`)
	a.Expect(`[null,null,"room:x","message",5]`)
}

func TestIdempotencyKey(t *testing.T) {
	w := start(t, "", nil)
	a := w.connect("a").join("hist:x")
	const body = `{"channel":"hist:x","data":1,"idempotency_key":"k"}`
	first := result[published](w, "publish", body)
	again := result[published](w, "publish", body)
	if again.Offset != first.Offset || again.Epoch != first.Epoch || !again.Duplicate || again.Connections != 0 {
		t.Errorf("%+v, then %+v", first, again)
	}
	a.Expect(`[null,null,"hist:x","message",1]`)
	a.sync()
}

func TestSkipHistory(t *testing.T) {
	w := start(t, "", nil)
	a := w.connect("a").join("hist:x")
	one := result[published](w, "publish", `{"channel":"hist:x","data":1}`)
	w.want("publish", `{"channel":"hist:x","data":2,"skip_history":true}`, `{"offset":0,"epoch":"","connections":1}`)
	three := result[published](w, "publish", `{"channel":"hist:x","data":3}`)
	if three.Offset != one.Offset+1 || three.Epoch != one.Epoch {
		t.Errorf("the stream is another: %+v, then %+v", one, three)
	}
	for i := 1; i <= 3; i++ {
		a.Expect(fmt.Sprintf(`[null,null,"hist:x","message",%d]`, i))
	}
	var h struct{ Publications []json.RawMessage }
	if h = result[struct{ Publications []json.RawMessage }](w, "history", `{"channel":"hist:x","limit":-1}`); len(h.Publications) != 2 {
		t.Errorf("in the history: %s", h.Publications)
	}
}

func TestBroadcast(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, engine string) {
		w := start(t, engine, nil)
		a := w.connect("a").join("room:1", "room:2")
		r := result[struct {
			Responses []struct {
				Result *published
				Error  *struct{ Code int }
			}
			Connections int
		}](w, "broadcast", `{"channels":["room:1","","hist:x","room:2"],"data":{"a":1}}`)
		if len(r.Responses) != 4 || r.Responses[0].Result.Connections != 1 || r.Responses[1].Error.Code != 107 ||
			r.Responses[2].Result.Offset != 1 || r.Connections != 2 {
			t.Errorf("%+v", r)
		}
		a.Expect(`[null,null,"room:1","message",{"a":1}]`)
		a.Expect(`[null,null,"room:2","message",{"a":1}]`)
	})
}

func TestPattern(t *testing.T) {
	w := start(t, "", nil)
	a := w.connect("a").join("room:1", "room:22", "other:1")
	w.want("publish", `{"pattern":"room:*","data":1}`, `{"offset":0,"epoch":"","connections":2,"channels":2}`)
	got := map[string]bool{string(a.Message().Data): true, string(a.Message().Data): true}
	if !got[`[null,null,"room:1","message",1]`] || !got[`[null,null,"room:22","message",1]`] {
		t.Errorf("%v", got)
	}
	w.want("publish", `{"pattern":"room:?","data":2}`, `{"offset":0,"epoch":"","connections":1,"channels":1}`)
	a.Expect(`[null,null,"room:1","message",2]`)
	w.want("publish", `{"pattern":"room:nobody*","data":1}`, `{"offset":0,"epoch":"","connections":0}`)
	for pattern, want := range map[string]string{
		"*": "must begin with a namespace", "r*:*": "must begin with a namespace", "room*": "must begin with a namespace",
		"{room,other}:*": "must begin with a namespace", ":*": "must begin with a namespace", "room:[a": "not closed",
		"room:{a": "not closed", "room:a}": "not closed", `room:\\`: "at the end", "room:[z-a]": "is not a pattern", "@x:*": "@",
		"room:" + strings.Repeat("x", 300): "at most 255 bytes",
	} {
		w.refused("publish", fmt.Sprintf(`{"pattern":"%s","data":1}`, pattern), 107, want)
	}
	a.sync()
}

func TestUserChannel(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, engine string) {
		w := start(t, engine, func(c *config.Config) { c.Users = config.Users{} })
		a, b := w.connect("a"), w.connect("a")
		a.sync()
		b.sync()
		w.want("publish", `{"user":"a","data":1}`, `{"offset":0,"epoch":"","connections":0}`)
		w.want("subscribe", `{"user":"a","channel":"@user:a"}`, `{"connections":2}`)
		w.want("publish", `{"user":"a","data":2}`, `{"offset":0,"epoch":"","connections":2}`)
		for _, v := range []*visitor{a, b} {
			v.Expect(`[null,null,"@user:a","message",2]`)
			v.Text(`["9","9","@user:b","phx_join",{}]`) // somebody else's
			v.Expect(`["9","9","@user:b","phx_reply",{"status":"error","response":{"reason":"permission denied","code":103}}]`)
			v.Text(`["8","8","@user:a","phx_join",{}]`) // takes over from the server's subscription
			v.Expect(`["8","8","@user:a","phx_reply",{"status":"ok","response":{}}]`)
		}
	})
}

// What is wrong is said, and named.
func TestPublishRefused(t *testing.T) {
	w := start(t, "", nil)
	long := strings.Repeat("x", 256)
	for body, want := range map[string]string{
		``:                                    "channel: a name is needed",
		`{}`:                                  "channel: a name is needed",
		`[]`:                                  "not a JSON object but an array",
		`"x"`:                                 "not a JSON object",
		`{"channel":"a"`:                      "the JSON is broken at byte",
		`{"channel":"a","data":1}x`:           "the JSON is broken",
		`{"channel":"a","data":}`:             "the JSON is broken",
		`{"channel":3,"data":1}`:              "channel: a number does not fit, a string is needed",
		`{"channel":["a"],"data":1}`:          "channel: an array does not fit",
		`{"channel":"a"}`:                     "data: something to publish is needed",
		`{"data":1}`:                          "channel: a name is needed",
		`{"channel":"a","user":"b","data":1}`: "only one of channel, user and pattern",
		`{"channel":"` + long + `","data":1}`: "channel: a name has at most 255 bytes",
		`{"channel":"a\u0000","data":1}`:      "channel: the name has control characters",
		`{"channel":"@x","data":1}`:           "channel: names that begin with @",
		`{"channel":"@user:","data":1}`:       "channel: names that begin with @",
		`{"user":"` + long + `","data":1}`:    "user: one with an id of more than 249 bytes",
		`{"channel":"a","b64data":"!"}`:       "b64data: it is not base64",
		`{"channel":"a","b64data":"AA=="  ,"data":1}`:                       "b64data: it comes instead of data",
		`{"channel":"a","data":1,"ttl_ms":-1}`:                              "ttl_ms: it goes from 0",
		`{"channel":"a","data":1,"ttl_ms":1e300}`:                           "ttl_ms: a number",
		`{"channel":"a","data":1,"ttl_ms":5,"expires_at":5}`:                "expires_at: it comes instead",
		`{"channel":"a","data":1,"expires_at":-5}`:                          "expires_at: milliseconds",
		`{"channel":"a","data":1,"expires_at":253402300799000}`:             "expires_at: it is at most",
		`{"channel":"a","data":1,"event":"phx_close"}`:                      "event: names that begin with phx_",
		`{"channel":"a","data":1,"event":"` + long + `"}`:                   "event: a name has at most 255 bytes",
		`{"channel":"a","data":1,"exclude":"x"}`:                            "exclude: a client's id",
		`{"channel":"a","data":1,"tags":{"a":1}}`:                           "tags",
		`{"channel":"a","data":1,"skip_history":"yes"}`:                     "skip_history: a string does not fit, true or false is needed",
		`{"channel":"a","data":1,"idempotency_key":"` + long + long + `x"}`: "idempotency_key: it has at most 512",
		"{\"channel\":\"a\",\"data\":\"\xff\"}":                             "not UTF-8",
	} {
		w.refused("publish", body, 107, want)
	}
	w.refused("publish", `{"channel":"a","data":1,"version":1}`, 108, "version")
	w.refused("broadcast", `{"channels":[],"data":1}`, 107, "channels: at least one")
	w.refused("broadcast", `{"channels":"a","data":1}`, 107, "channels: a string does not fit, a list is needed")
	w.refused("broadcast", `{"channels":["a"],"data":1,"ttl_ms":-1}`, 107, "ttl_ms")
	w.refused("broadcast", `{"channels":[""`+strings.Repeat(`,""`, 10_000)+`],"data":1}`, 106, "at most 10000")
	w.refused("publish", `{"channel":"a","data":"`+strings.Repeat("x", 600<<10)+`"}`, 106, "clients' queues")
	w.refused("publish", `{"channel":"a","data":1,"tags":{"k":"`+strings.Repeat("x", 600<<10)+`"}}`, 106, "clients' queues")
	w.refused("publish", `{"channel":"a","data":1,"tags":{"`+strings.Repeat("x", 600<<10)+`":"v"}}`, 106, "clients' queues")
	w.want("publish", `{"user":"`+strings.Repeat("u", 249)+`","data":1,"skip_history":true}`, `{"offset":0,"epoch":"","connections":0}`)
	w.refused("publish", `{"user":"`+strings.Repeat("u", 250)+`","data":1}`, 107, "user: one with an id of more than 249 bytes has no own channel")
}
