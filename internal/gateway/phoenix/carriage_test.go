package phoenix_test

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"testing"

	"throng"
	"throng/internal/gateway/phoenix"
	codec "throng/internal/protocol/phoenix"
	"throng/internal/websocket"
)

// Text carries what a WebSocket frame does, without the frame, and bytes as
// base64.
func TestTextCarriage(t *testing.T) {
	all := phoenix.Encoders("message", phoenix.Compression{}, false)
	if len(all) != 16 {
		t.Fatalf("%d encoders", len(all))
	}
	const asText = `{"encoding":"base64","data":"AP8="}`
	for i := range 4 {
		framed, text := all[i], all[i+4*int(phoenix.Text)]
		for _, p := range []*throng.Publication{
			{Event: "e", Data: []byte(`{"a":1}`), Offset: 7},
			{},
			{Event: "e", Data: []byte{0, 0xff}, Binary: true, Offset: 7},
		} {
			got := text.Encode([]byte("before"), "room:1", p)
			frame := framed.Encode(nil, "room:1", &throng.Publication{Event: p.Event, Data: p.Data, Offset: p.Offset})
			if p.Binary {
				frame = framed.Encode(nil, "room:1", &throng.Publication{Event: p.Event, Data: []byte(asText), Offset: p.Offset})
			}
			var r websocket.Reader
			m, n, ok, err := r.Next(append([]byte(nil), frame...), &websocket.Limits{MaxMessage: 1000, MaxFragments: 1, Client: true})
			if !ok || err != nil || n != len(frame) || m.Op != websocket.OpText {
				t.Fatalf("%q: %v", frame, err)
			}
			if string(got) != string(m.Data) || !json.Valid(got) {
				t.Errorf("encoder %d: %q, in a frame %q", i, got, m.Data)
			}
		}
	}
}

func TestParsePoll(t *testing.T) {
	for _, test := range []struct {
		query   string
		version codec.Version
		params  url.Values
	}{
		{"", codec.V1, url.Values{}},
		{"vsn=2.0.0", codec.V2, url.Values{}},
		{"vsn=1.0.0&vsn=2.0.0&user_id=a%20b&x[y]=1", codec.V2, url.Values{"user_id": {"a b"}, "x[y]": {"1"}}},
		{"token=a&token=b", codec.V1, url.Values{"token": {"a", "b"}}},
		{"x=%zz&y=1", codec.V1, url.Values{"y": {"1"}}},
		{"vsn=", 0, nil},
		{"vsn=3.0.0", 0, nil},
		{"vsn=%zz", 0, nil},
	} {
		c, ok := phoenix.ParsePoll(test.query, "T0=.x")
		if ok != (test.params != nil) {
			t.Errorf("%q: %t", test.query, ok)
		}
		if ok && (c.Version != test.version || !maps.EqualFunc(c.Params, test.params, slices.Equal) || c.Token != "T0=.x" || c.Protocol != "") {
			t.Errorf("%q: %+v", test.query, c)
		}
	}
}
