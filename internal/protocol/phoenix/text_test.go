package phoenix_test

import (
	"encoding/json"
	"testing"

	"throng/internal/protocol/phoenix"
)

func TestAppendText(t *testing.T) {
	jr, r, payload := []byte(`"1"`), []byte(`5`), []byte(`{"a":1}`)
	for _, tt := range []struct {
		got  []byte
		want string
	}{
		{phoenix.AppendReply(nil, phoenix.V2, jr, r, "t", "ok", payload), `["1",5,"t","phx_reply",{"status":"ok","response":{"a":1}}]`},
		{phoenix.AppendReply(nil, phoenix.V2, nil, nil, "t", "error", nil), `[null,null,"t","phx_reply",{"status":"error","response":{}}]`},
		{phoenix.AppendReply(nil, phoenix.V1, jr, r, "t", "ok", payload), `{"topic":"t","event":"phx_reply","payload":{"status":"ok","response":{"a":1}},"ref":5}`},
		{phoenix.AppendPush([]byte("x"), phoenix.V2, jr, nil, "t", "e", payload), `x["1",null,"t","e",{"a":1}]`},
		{phoenix.AppendPush(nil, phoenix.V1, jr, nil, "t", "phx_close", nil), `{"topic":"t","event":"phx_close","payload":{},"ref":null}`},
		{phoenix.AppendBroadcast(nil, phoenix.V2, 0, "t", "e", payload), `[null,null,"t","e",{"a":1}]`},
		{phoenix.AppendBroadcast(nil, phoenix.V2, 1<<64-1, "t", "e", payload), `[null,18446744073709551615,"t","e",{"a":1}]`},
		{phoenix.AppendExpiring(nil, phoenix.V2, 7, 1764172800123, "t", "e", payload), `[null,7,"t","e",{"a":1},{"expires_at":1764172800123}]`},
		{phoenix.AppendExpiring(nil, phoenix.V1, 0, 1764172800123, "t", "e", payload), `{"topic":"t","event":"e","payload":{"a":1},"ref":null,"expires_at":1764172800123}`},
		{phoenix.AppendBroadcast(nil, phoenix.V1, 7, "t", "e", payload), `{"topic":"t","event":"e","payload":{"a":1},"ref":7}`},
		{phoenix.AppendPush(nil, phoenix.V2, nil, nil, "a\"\\/<é日😀\x7f", "\x00\b\f\n\r\t\x1f", payload),
			`[null,null,"a\"\\/<é日😀` + "\x7f" + `","\u0000\b\f\n\r\t\u001f",{"a":1}]`},
		{phoenix.AppendPush(nil, phoenix.V2, nil, nil, "\xffa\xed\xa0\x80\xe6\x97", "�", payload), `[null,null,"�a����` + "�" + `","�",{"a":1}]`},
	} {
		if string(tt.got) != tt.want {
			t.Errorf("got  %s\nwant %s", tt.got, tt.want)
		}
	}
}

// TestAppendEscapes compares what stands for every single byte with what
// encoding/json reads out of it.
func TestAppendEscapes(t *testing.T) {
	for c := range 256 {
		topic := "x" + string([]byte{byte(c)}) + "y"
		var frame []any
		if err := json.Unmarshal(phoenix.AppendPush(nil, phoenix.V2, nil, nil, topic, "e", nil), &frame); err != nil {
			t.Fatalf("%#x: %v", c, err)
		}
		want := topic
		if c >= 0x80 {
			want = "x\ufffdy"
		}
		if frame[2] != want {
			t.Errorf("%#x: got %q", c, frame[2])
		}
	}
}
