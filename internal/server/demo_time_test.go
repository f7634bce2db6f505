//go:build !nosqlite

package server_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"testing"

	"throng/internal/server"
	"throng/internal/websocket"
)

// told reads up to the next event of this name, and returns the channel.
func told(t *testing.T, in *bufio.Reader, event string) (channel string) {
	t.Helper()
	var r websocket.Reader
	lim := websocket.Limits{MaxMessage: 1 << 20, MaxFragments: 1, Client: true}
	for need := 1; ; {
		if _, err := in.Peek(need); err != nil {
			t.Fatalf("no %s: %v", event, err)
		}
		have, _ := in.Peek(in.Buffered())
		m, used, ok, err := r.Next(have, &lim)
		if err != nil {
			t.Fatal(err)
		}
		var parts [5]json.RawMessage
		var channel, name string
		if ok {
			if err := json.Unmarshal(m.Data, &parts); err != nil {
				t.Fatalf("%v: %s", err, m.Data)
			}
			_, _ = json.Unmarshal(parts[2], &channel), json.Unmarshal(parts[3], &name)
		}
		need = len(have) - used + 1
		_, _ = in.Discard(used)
		if ok {
			need = 1
			if name == event {
				return channel
			}
		}
	}
}

// Who asks for the times of many is told them in turn, and keeps nobody else from
// being told; nobody's own time is that of all.
func TestDemoTimes(t *testing.T) {
	const many = 120
	s := start(t, server.Options{Config: configured(t, map[string]string{"dev": "true", "phoenix.max_channels": "1000"}), Demo: true})
	client, in := dial(t, s.Public()[0], "/socket/websocket?vsn=2.0.0&user_id=ann")
	join := func(n int, user string) {
		text := fmt.Appendf(nil, `["%d","%d","demo:you:%s","phx_join",{}]`, n, n, user)
		if _, err := client.Write(websocket.AppendMaskedFrame(nil, websocket.OpText, [4]byte{1, 2, 3, 4}, text)); err != nil {
			t.Fatal(err)
		}
		if channel := told(t, in, "phx_reply"); channel != "demo:you:"+user {
			t.Fatalf("a reply on %s", channel)
		}
	}
	join(0, "")
	heard := make(map[string]int)
	for i := range many {
		join(i+1, fmt.Sprint("user", i))
	}
	for len(heard) < many || heard["demo:you:user0"] < 2 { // so that everybody's turn came
		channel := told(t, in, "time")
		if channel == "demo:you:" {
			t.Fatal("the time of nobody was told")
		}
		if heard[channel]++; heard[channel] > 4 {
			t.Fatalf("%s was told %d times, and only %d of %d at all", channel, heard[channel], len(heard), many)
		}
	}
}
