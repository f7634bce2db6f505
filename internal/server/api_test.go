package server_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"throng/internal/server"
)

func post(t *testing.T, url, header, key, body string) (status int, answer string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(header, key)
	r.Close = true
	if len(body) >= 1<<20 { // as curl does: one that is refused is not sent
		r.Header.Set("Expect", "100-continue")
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, strings.TrimSpace(string(b))
}

func TestAPI(t *testing.T) {
	s := start(t, server.Options{Config: configured(t, map[string]string{"dev": "true"})})
	url := fmt.Sprintf("http://%s/api/", s.Internal())
	for _, test := range []struct {
		method, header, key, body string
		status                    int
		answer                    string // contained
	}{
		{"publish", "X-API-Key", "dev", `{"channel":"hist:a","data":{"x":1}}`, 200, `{"result":{"offset":1,"epoch":"`},
		{"publish", "Authorization", "apikey dev", `{"channel":"hist:a","b64data":"/w==","event":"e","ttl_ms":5}`, 200, `{"result":{"offset":2,`},
		{"publish", "X-API-Key", "dev", `{"channel":"hist:a","data":1,"idempotency_key":"k"}`, 200, `{"result":{"offset":3,`},
		{"publish", "X-API-Key", "dev", `{"channel":"hist:a","data":1,"idempotency_key":"k"}`, 200, `{"result":{"offset":3,`},
		{"publish", "X-API-Key", "dev", `{"channel":"room:a","data":null}`, 200, `{"result":{"offset":0,"epoch":"","connections":0}}`},
		{"publish", "X-API-Key", "wrong", `{}`, 401, "unauthorized"},
		{"publish", "X-API-Key", "", `{}`, 401, "unauthorized"},
		{"publish", "Authorization", "apikey ", `{}`, 401, "unauthorized"},
		{"nothing", "X-API-Key", "dev", `{}`, 404, `"code":104`},
		{"publish", "X-API-Key", "dev", ``, 200, `"code":107`},
		{"publish", "X-API-Key", "dev", `{"channel":"hist:a","data":1}x`, 200, `"code":107`},
		{"publish", "X-API-Key", "dev", `{"channel":"hist:a"}`, 200, `"code":107`},
		{"publish", "X-API-Key", "dev", `{"data":1}`, 200, `"code":107`},
		{"publish", "X-API-Key", "dev", `{"channel":3,"data":1}`, 200, `"code":107`},
		{"publish", "X-API-Key", "dev", `{"channel":"hist:a","data":1,"b64data":"AA=="}`, 200, `"code":107`},
		{"publish", "X-API-Key", "dev", `{"channel":"hist:a","b64data":"!"}`, 200, `"code":107`},
		{"publish", "X-API-Key", "dev", "{\"channel\":\"hist:a\",\"data\":\"\xff\"}", 200, `"code":107`},
		{"publish", "X-API-Key", "dev", `{"channel":"hist:a","data":1,"event":"phx_close"}`, 200, `"code":107`},
		{"publish", "X-API-Key", "dev", `{"channel":"hist:a","data":1,"ttl_ms":-1}`, 200, `"code":107`},
		{"publish", "X-API-Key", "dev", `{"channel":"hist:a","data":"` + strings.Repeat("x", 1<<20) + `"}`, 413, `"code":106`},
	} {
		status, answer := post(t, url+test.method, test.header, test.key, test.body)
		if status != test.status || !strings.Contains(answer, test.answer) {
			t.Errorf("%s %.80s: %d %s, want %d %s", test.method, test.body, status, answer, test.status, test.answer)
		}
	}
}

// There are no keys yet but the one for development, so elsewhere there is no API.
func TestNoAPIInProduction(t *testing.T) {
	s := start(t, server.Options{Config: configured(t, nil)})
	if status, _ := post(t, fmt.Sprintf("http://%s/api/publish", s.Internal()), "X-API-Key", "dev", `{"channel":"a","data":1}`); status != 404 {
		t.Errorf("status %d", status)
	}
}
