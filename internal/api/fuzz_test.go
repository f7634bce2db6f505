package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"throng/internal/api"
	"throng/internal/gateway/gatewaytest"
)

// FuzzRequest: whatever is posted to a method of a running server, the answer is JSON
// with either a result or an error whose code is known.
func FuzzRequest(f *testing.F) {
	s := gatewaytest.Start(f, gatewaytest.Options(""))
	var names []string
	for _, m := range api.Methods() {
		names = append(names, m.Name)
	}
	names = append(names, "")
	for i := range names {
		for _, body := range []string{
			`{}`, `{"channel":"room:x","data":{"a":[1]},"tags":{"k":"v"},"ttl_ms":5}`, `{"channels":["a","b"],"b64data":"AA=="}`,
			`{"user":"a","client":"` + strings.Repeat("0f", 16) + `","channel":"a","expire_at":99999999999}`,
			`{"pattern":"room:{a,[b-c]}?*","data":1}`, `{"user":"a","from":"-1w2d","to":1,"any_channel":true,"day":"2026-01-31","points":1}`, `{"limit":5,"cursor":"MTI6"}`,
			`{"commands":[{"publish":{"channel":"a","data":1}},{"info":{}}],"parallel":true}`,
			`{"method":"publish","params":{"channel":"a","data":1}}`, `{"channel":"hist:x","limit":-1,"since":{"offset":1,"epoch":"e"}}`,
		} {
			f.Add(uint8(i), body)
		}
	}
	f.Fuzz(func(t *testing.T, method uint8, body string) {
		name := names[int(method)%len(names)]
		r := httptest.NewRequest(http.MethodPost, "/api/"+name, strings.NewReader(body))
		r.Header.Set("X-API-Key", "dev")
		rec := httptest.NewRecorder()
		s.API().ServeHTTP(rec, r)
		if strings.HasSuffix(name, "_export") { // which has no room for errors
			if rec.Code == http.StatusOK {
				return
			}
		} else if rec.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", name, rec.Code, rec.Body)
		}
		for line := range strings.SplitSeq(rec.Body.String(), "\n") {
			var a struct {
				Result, Replies json.RawMessage
				Error           *struct{ Code int }
			}
			if err := json.Unmarshal([]byte(line), &a); err != nil {
				t.Fatalf("%s: %v: %q", name, err, line)
			}
			if (a.Result != nil || a.Replies != nil) == (a.Error != nil) {
				t.Fatalf("%s: %s", name, line)
			}
			if a.Error != nil && (a.Error.Code <= 100 || a.Error.Code > 112) {
				t.Fatalf("%s %s: %s", name, body, line)
			}
		}
	})
}
