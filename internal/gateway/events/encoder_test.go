package events_test

import (
	"encoding/json"
	"strings"
	"testing"

	"throng"
	"throng/internal/gateway/events"
)

func encode(channel string, p throng.Publication) string {
	return string(events.Encoders()[0].Encode(nil, channel, &p))
}

// TestEncode has what an event looks like, byte for byte.
func TestEncode(t *testing.T) {
	for _, test := range []struct {
		channel string
		p       throng.Publication
		want    string
	}{
		{"a", throng.Publication{Time: 5}, "data: {\"channel\":\"a\",\"data\":{},\"time\":5}\n\n"},
		{"a", throng.Publication{Offset: 7, Epoch: "hqy_zXLv", Data: []byte(`{"x":1}`), Time: 5},
			"id: " + events.ID(events.Place{Channel: "a", At: at(7, "hqy_zXLv")}) + "\ndata: {\"channel\":\"a\",\"offset\":7,\"data\":{\"x\":1},\"time\":5}\n\n"},
		{"\"\n", throng.Publication{Event: "e\r", Data: []byte("[1,\r\n\n2]"), Tags: map[string]string{"b": "\n", "a": "1"}, Time: 5, ExpiresAt: 9},
			`data: {"channel":"\"\n","event":"e\r","data":[1,   2],"tags":{"a":"1","b":"\n"},"time":5,"expires_at":9}` + "\n\n"},
		{"a", throng.Publication{Tags: map[string]string{"<&>": "<b>&"}},
			`data: {"channel":"a","data":{},"tags":{"<&>":"<b>&"},"time":0}` + "\n\n"},
		{"a", throng.Publication{Data: []byte("\n\x00"), Binary: true},
			`data: {"channel":"a","data":{"encoding":"base64","data":"CgA="},"time":0}` + "\n\n"},
	} {
		if got := encode(test.channel, test.p); got != test.want {
			t.Errorf("got  %q\nwant %q", got, test.want)
		}
	}
}

// Who is there is shown in events of its own kinds, to streams that want it.
func TestEncodePresence(t *testing.T) {
	p := throng.Publication{Event: "presence_diff", Data: []byte(`{"joins":{},"leaves":{}}`), Time: 5}
	want := "event: presence_diff\ndata: {\"channel\":\"a\",\"event\":\"presence_diff\",\"data\":{\"joins\":{},\"leaves\":{}},\"time\":5}\n\n"
	if got := string(events.Encoders()[1].Encode(nil, "a", &p)); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if got := encode("a", p); got != "" {
		t.Errorf("shown: %q", got)
	}
	p.Publisher = &throng.ClientInfo{} // somebody's own event of that name
	if got := encode("a", p); !strings.HasPrefix(got, "data: ") {
		t.Errorf("got %q", got)
	}
}

// FuzzEncode: whatever is published, an event has its two lines and no more, and
// its data is JSON if what was published is.
func FuzzEncode(f *testing.F) {
	f.Add("room:1", "event", "{\"a\":\n1}", uint64(5), "epoch", false)
	f.Add("a\nb", "e\r\n\r\ndata: x", "\"\n\"", uint64(0), "", true)
	f.Fuzz(func(t *testing.T, channel, event, data string, offset uint64, epoch string, binary bool) {
		p := throng.Publication{Offset: offset, Epoch: epoch, Event: event, Data: []byte(data), Binary: binary, Tags: map[string]string{event: data}}
		if p.Presence() {
			return // not shown; see TestEncodePresence
		}
		text := encode(channel, p)
		want := 1
		if offset != 0 {
			want = 2
		}
		lines := strings.Split(strings.TrimSuffix(text, "\n\n"), "\n")
		if len(lines) != want || strings.Contains(text, "\r") {
			t.Fatalf("%d lines: %q", len(lines), text)
		}
		object, ok := strings.CutPrefix(lines[want-1], "data: ")
		if valid := binary || data == "" || json.Valid([]byte(data)); !ok || valid && !json.Valid([]byte(object)) {
			t.Errorf("%q", text)
		}
	})
}

// TestFarewell: who shall come back does so by himself; who shall not, not for a
// very long time.
func TestFarewell(t *testing.T) {
	for _, test := range []struct {
		why  *throng.Disconnect
		want string
	}{
		{throng.DisconnectShutdown, "event: disconnect\ndata: {\"code\":3001,\"reason\":\"shutdown\"}\n\n"},
		{throng.DisconnectForce, "retry: 2147483647\nevent: disconnect\ndata: {\"code\":3503,\"reason\":\"force disconnect\"}\n\n"},
	} {
		if got := events.Farewell(test.why); got != test.want {
			t.Errorf("got  %q\nwant %q", got, test.want)
		}
	}
	if got := events.Farewell(throng.DisconnectInsufficientState); !strings.HasPrefix(got, "retry: 1") {
		t.Errorf("%q", got)
	}
}
