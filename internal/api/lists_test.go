package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"throng/internal/config"
	"throng/internal/gateway/gatewaytest"
)

type presence struct {
	Presence map[string]struct {
		User, Client         string
		Conn_info, Chan_info json.RawMessage
	}
}

func TestPresence(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, engine string) {
		w := start(t, engine, nil)
		w.want("presence", `{"channel":"room:x"}`, `{"presence":{}}`)
		for _, user := range []string{"a", "a", "b", "", ""} {
			w.connect(user).join("room:x")
		}
		w.want("presence_stats", `{"channel":"room:x"}`, `{"num_clients":5,"num_users":4}`)
		p := result[presence](w, "presence", `{"channel":"room:x"}`).Presence
		users := map[string]int{}
		for id, one := range p {
			users[one.User]++
			if one.Client != id || len(id) != 32 {
				t.Errorf("%s: %+v", id, one)
			}
		}
		if len(p) != 5 || users["a"] != 2 || users["b"] != 1 || users[""] != 2 {
			t.Errorf("%v", users)
		}
	})
}

// More than presence tells are counted, however many they are, while they come and go.
func TestPresenceOfMany(t *testing.T) {
	w := start(t, "", func(c *config.Config) { c.Phoenix.MaxChannels = 5000 })
	const many = 1100
	all := make([]*visitor, many)
	for i := range all {
		all[i] = w.connect(fmt.Sprint("u", i%100)).join("room:x")
	}
	w.want("presence_stats", `{"channel":"room:x"}`, `{"num_clients":1100,"num_users":100}`)
	w.refused("presence", `{"channel":"room:x"}`, 106, "more than 1000 clients")
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, v := range all[500:] { // 500 stay
			_ = v.Close()
			time.Sleep(100 * time.Microsecond)
		}
	}()
	for counting := true; counting; {
		select {
		case <-done:
			counting = false
		default:
		}
		n := result[struct{ Num_clients, Num_users int }](w, "presence_stats", `{"channel":"room:x"}`)
		if n.Num_clients < 500 || n.Num_clients > many || n.Num_users != 100 {
			t.Fatalf("%+v", n)
		}
	}
	w.eventually("500 are left", func() bool {
		return result[struct{ Num_clients int }](w, "presence_stats", `{"channel":"room:x"}`).Num_clients == 500
	})
}

func TestHistory(t *testing.T) {
	w := start(t, "", nil)
	type history struct {
		Publications []struct {
			Offset  uint64
			Data    json.RawMessage
			B64data string
			Event   string
			Tags    map[string]string
			Info    *struct{ User, Client string }
			Time    int64
		}
		Offset     uint64
		Epoch      string
		Incomplete bool
	}
	read := func(more string) history {
		t.Helper()
		return result[history](w, "history", `{"channel":"hist:x"`+more+`}`)
	}
	a := w.connect("a").join("hist:x")
	w.call("publish", `{"channel":"hist:x","data":1,"event":"e","tags":{"k":"v"}}`)
	w.call("publish", `{"channel":"hist:x","b64data":"/w=="}`)
	a.Message()
	a.Message()
	a.Text(`["1","7","hist:x","said",{"x":3}]`)
	a.Message()
	a.Message()
	top := read("")
	if len(top.Publications) != 0 || top.Offset != 3 || top.Epoch == "" {
		t.Errorf("%+v", top)
	}
	all := read(`,"limit":-1`)
	if len(all.Publications) != 3 {
		t.Fatalf("%+v", all)
	}
	p := all.Publications
	if string(p[0].Data) != "1" || p[0].Event != "e" || p[0].Tags["k"] != "v" || p[0].Info != nil || p[0].Time == 0 {
		t.Errorf("%+v", p[0])
	}
	if string(p[1].Data) != "null" || p[1].B64data != "/w==" {
		t.Errorf("%+v", p[1])
	}
	if p[2].Offset != 3 || p[2].Info == nil || p[2].Info.User != "a" || len(p[2].Info.Client) != 32 {
		t.Errorf("%+v", p[2])
	}
	if two := read(`,"limit":2,"reverse":true`); len(two.Publications) != 2 || two.Publications[0].Offset != 3 {
		t.Errorf("%+v", two)
	}
	since := fmt.Sprintf(`,"limit":-1,"since":{"offset":%%d,"epoch":%q}`, top.Epoch)
	if rest := read(fmt.Sprintf(since, 2)); len(rest.Publications) != 1 || rest.Incomplete {
		t.Errorf("%+v", rest)
	}
	w.refused("history", `{"channel":"hist:x","since":{"offset":1,"epoch":"other"}}`, 112, "since")
	w.refused("history", `{"channel":"hist:x"`+fmt.Sprintf(since, 4)+`}`, 112, "since")
	w.refused("history", `{"channel":"hist:x","since":{"offset":-1}}`, 107, "since.offset: a number")
	w.refused("history", `{}`, 107, "channel: a name is needed")
	for range 200 { // over the window
		w.call("publish", `{"channel":"hist:x","data":1}`)
	}
	if rest := read(fmt.Sprintf(since, 2)); !rest.Incomplete {
		t.Errorf("%d publications, %+v", len(rest.Publications), rest.Incomplete)
	}
	w.want("history_remove", `{"channel":"hist:x"}`, `{}`)
	if none := read(`,"limit":-1`); len(none.Publications) != 0 || none.Offset != 203 || none.Epoch != top.Epoch {
		t.Errorf("%+v", none)
	}
	w.want("history", `{"channel":"room:x","limit":5}`, `{"publications":[],"offset":0,"epoch":""}`)
}

// An answer is bounded also where the tags are what is large.
func TestHistoryCountsTags(t *testing.T) {
	w := start(t, "", nil)
	tag := strings.Repeat("x", 500_000)
	for range 40 {
		result[published](w, "publish", `{"channel":"hist:x","data":1,"tags":{"k":"`+tag+`"}}`)
	}
	h := result[struct{ Publications []struct{ Offset int } }](w, "history", `{"channel":"hist:x","limit":-1}`).Publications
	if len(h) != 16<<20/500_002 {
		t.Errorf("%d publications in one answer", len(h))
	}
}

func TestChannels(t *testing.T) {
	w := start(t, "", nil)
	w.want("channels", `{}`, `{"channels":{}}`)
	v := w.connect("a")
	for i := range 25 {
		v.join(fmt.Sprintf("room:%d", i))
	}
	w.connect("b").join("room:1", "other:1")
	w.want("channels", `{"pattern":"{other:*,room:1}"}`, `{"channels":{"other:1":{"num_clients":1},"room:1":{"num_clients":2}}}`)
	w.want("channels", `{"pattern":"room:[!0-9]"}`, `{"channels":{}}`)
	type page struct {
		Channels map[string]any
		Next     string
	}
	all, cursor := map[string]bool{}, ""
	for pages := 0; ; pages++ {
		p := result[page](w, "channels", fmt.Sprintf(`{"pattern":"room:*","limit":4,"cursor":%q}`, cursor))
		for name := range p.Channels {
			if all[name] || len(p.Channels) > 4 {
				t.Errorf("%s came twice, or the page is too large: %d", name, len(p.Channels))
			}
			all[name] = true
		}
		if cursor = p.Next; cursor == "" || pages > 20 {
			break
		}
	}
	if len(all) != 25 {
		t.Errorf("%d channels", len(all))
	}
	w.refused("channels", `{"limit":-1}`, 107, "limit")
	w.refused("channels", `{"cursor":"!"}`, 107, "cursor")
	w.refused("channels", `{"cursor":"eA"}`, 107, "cursor: it is none of this server's")
	w.refused("channels", `{"limit":5,"cursor":"MjU2Og"}`, 107, "cursor") // 256:, a shard that is none
	w.refused("channels", `{"pattern":"["}`, 107, "pattern")
}

func TestConnections(t *testing.T) {
	gatewaytest.EachEngine(t, func(t *testing.T, engine string) {
		w := start(t, engine, nil)
		w.want("connections", `{}`, `{"connections":[]}`)
		for i := range 20 {
			w.connect(fmt.Sprint("u", i%4)).join("room:x", fmt.Sprintf("room:%d", i))
		}
		for _, filter := range []struct {
			body string
			want int
		}{
			{``, 20}, {`"user":"u1",`, 5}, {`"channel":"room:x",`, 20}, {`"channel":"room:7",`, 1}, {`"user":"u2","channel":"room:7",`, 0},
			{`"transport":"websocket",`, 20}, {`"transport":"longpoll",`, 0},
		} {
			seen, cursor := map[string]bool{}, ""
			for range 100 {
				p := result[connections](w, "connections", fmt.Sprintf(`{%s"limit":3,"cursor":%q}`, filter.body, cursor))
				for _, one := range p.Connections {
					if seen[one.Client] || len(p.Connections) > 3 {
						t.Errorf("%s came twice, or the page is too large: %d", one.Client, len(p.Connections))
					}
					seen[one.Client] = true
					if one.Transport != "websocket" || one.Wire != "phoenix 2.0.0" || !strings.HasPrefix(one.Address, "127.0.0.1:") ||
						one.Since == 0 || len(one.Channels) != 2 || one.Num_channels != 2 {
						t.Errorf("%+v", one)
					}
				}
				if cursor = p.Next; cursor == "" {
					break
				}
			}
			if len(seen) != filter.want || cursor != "" {
				t.Errorf("%s: %d, want %d", filter.body, len(seen), filter.want)
			}
		}
		w.refused("connections", `{"cursor":"eA"}`, 107, "cursor")
		w.refused("connections", `{"client":"x"}`, 107, "client")
		w.refused("connections", `{"limit":1001}`, 107, "limit")
	})
}

func TestInfo(t *testing.T) {
	w := start(t, "", nil)
	w.connect("a").join("room:x", "room:y")
	w.connect("").join("room:x")
	n := result[struct {
		Nodes []struct {
			UID, Name                                      string
			Num_clients, Num_users, Num_subs, Num_channels int
			Process                                        *struct{ Rss int }
		}
	}](w, "info", ``).Nodes
	if len(n) != 1 || n[0].Num_clients != 2 || n[0].Num_users != 1 || n[0].Num_subs != 3 || n[0].Num_channels != 2 || n[0].UID == "" || n[0].Name == "" {
		t.Errorf("%+v", n)
	}
}
