package api_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"throng/internal/api"
	"throng/internal/config"
	"throng/internal/gateway/gatewaytest"
)

const (
	fullKey = "the-key-that-may-do-everything"
	roomKey = "the-key-of-the-rooms"
)

// keys configures two, and no development.
func keys(c *config.Config) {
	c.API.Key = fullKey
	c.APIKeys = []config.APIKey{{
		Name: "rooms", Key: roomKey, Methods: []string{"publish", "broadcast", "channels", "connections"}, Namespaces: []string{"room"},
	}}
}

func TestRights(t *testing.T) {
	w := start(t, "", keys)
	w.connect("a").join("room:x", "other:x")
	w.key = roomKey
	w.want("publish", `{"channel":"room:x","data":1}`, `{"offset":0,"epoch":"","connections":1}`)
	w.refused("publish", `{"channel":"other:x","data":1}`, 103, "rooms has no right to the namespace other")
	w.refused("publish", `{"pattern":"other:*","data":1}`, 103, "rooms has no right to the namespace other")
	w.refused("publish", `{"user":"a","data":1}`, 103, "rooms has no right to the namespace @user")
	w.refused("publish", `{"channel":"x","data":1}`, 103, "namespace default")
	w.refused("history", `{"channel":"room:x"}`, 103, "rooms has no right to history")
	w.refused("disconnect", `{"user":"a"}`, 103, "rooms has no right to disconnect")
	w.refused("info", `nonsense`, 103, "rooms has no right to info")
	w.want("channels", `{}`, `{"channels":{"room:x":{"num_clients":1}}}`)
	if l := result[connections](w, "connections", `{}`).Connections; len(l) != 1 || len(l[0].Channels) != 1 || l[0].Channels[0] != "room:x" {
		t.Errorf("%+v", l)
	}
	got := string(w.post("batch", `{"commands":[{"publish":{"channel":"room:x","data":1}},{"publish":{"channel":"other:x","data":1}},{"info":{}}]}`))
	if !strings.HasPrefix(got, `{"replies":[{"publish":{`) || strings.Count(got, `"code":103`) != 2 {
		t.Error(got)
	}
	status, answer := w.request(http.MethodPost, "/api", `{"method":"info"}`)
	if status != 200 || !strings.Contains(string(answer), `"code":103`) {
		t.Errorf("%d %s", status, answer)
	}
	got = string(w.post("broadcast", `{"channels":["room:x","other:x"],"data":1}`))
	if strings.Count(got, `"code":103`) != 1 {
		t.Error(got)
	}
}

// Who has no key learns nothing, and nothing of a key gets into the log.
func TestUnauthorised(t *testing.T) {
	var log bytes.Buffer
	o := gatewaytest.Options("")
	o.Config.Internal = "127.0.0.1:0"
	keys(o.Config)
	o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s := gatewaytest.Start(t, o)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	var answers []string
	for _, header := range []struct{ name, value string }{
		{"", ""}, {"X-API-Key", ""}, {"X-API-Key", "wrong-wrong-wrong-wrong"}, {"X-API-Key", fullKey + "x"}, {"X-API-Key", fullKey[1:]},
		{"Authorization", "apikey"}, {"Authorization", "apikey wrong-wrong-wrong-wrong"}, {"Authorization", "Bearer " + fullKey}, {"Authorization", fullKey},
	} {
		for _, path := range []string{"/api/publish", "/api/nothing", "/api", "/api/openapi.json"} {
			r, _ := http.NewRequest(http.MethodPost, fmt.Sprintf("http://%s%s?api_key=%s", s.Internal(), path, fullKey), strings.NewReader(`{"channel":"room:x","data":1}`))
			if header.name != "" {
				r.Header.Set(header.name, header.value)
			}
			res, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			b, _ := io.ReadAll(res.Body)
			res.Body.Close()
			if res.StatusCode != http.StatusUnauthorized {
				t.Errorf("%v %s: %d", header, path, res.StatusCode)
			}
			answers = append(answers, string(b))
		}
	}
	for _, a := range answers {
		if a != answers[0] {
			t.Errorf("answers differ: %s, %s", a, answers[0])
		}
	}
	s.Stop(t)
	for _, secret := range []string{fullKey, roomKey, "wrong-wrong"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("%s is in the log", secret)
		}
	}
	if !strings.Contains(log.String(), "API request without a valid key") {
		t.Error("the log has nothing of it")
	}
}

func TestKeyHeaders(t *testing.T) {
	w := start(t, "", keys)
	for name, value := range map[string]string{"X-API-Key": fullKey, "Authorization": "apikey " + fullKey, "authorization": "ApiKey " + fullKey} {
		r, _ := http.NewRequest(http.MethodPost, w.url+"/api/info", strings.NewReader("{}"))
		r.Header.Set(name, value)
		res, err := w.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != 200 {
			t.Errorf("%s: %s: %d", name, value, res.StatusCode)
		}
	}
}

// Keys are replaced while requests come.
func TestRotation(t *testing.T) {
	w := start(t, "", keys)
	a := w.server.API()
	all := []string{api.Any}
	a.SetKeys(api.NewKeys(api.Key{Name: "new", Sum: api.Sum("new"), Methods: all, Namespaces: all}))
	if status, _ := w.request(http.MethodPost, "/api/info", ""); status != http.StatusUnauthorized {
		t.Errorf("the old key: %d", status)
	}
	w.key = "new"
	result[struct{}](w, "info", "")
	a.SetKeys(api.NewKeys(api.Key{Name: "of nothing", Sum: api.Sum(""), Methods: all, Namespaces: all}))
	w.key = ""
	if status, _ := w.request(http.MethodPost, "/api/info", ""); status != http.StatusUnauthorized {
		t.Errorf("no key: %d", status)
	}
	a.SetKeys(api.NewKeys())
	if status, _ := w.request(http.MethodPost, "/api/info", ""); status != http.StatusNotFound {
		t.Errorf("without keys: %d", status)
	}
}

func TestStatuses(t *testing.T) {
	w := start(t, "", func(c *config.Config) { c.API.MaxBody = 4 * config.KiB })
	w.key = "dev"
	for _, test := range []struct {
		method, path, body string
		want               int
	}{
		{http.MethodGet, "/api/publish", "", 405},
		{http.MethodPut, "/api/publish", "{}", 405},
		{http.MethodGet, "/api", "", 405},
		{http.MethodPost, "/api/openapi.json", "", 405},
		{http.MethodPost, "/api/nothing", "{}", 404},
		{http.MethodPost, "/api/publish/more", "{}", 404},
		{http.MethodPost, "/apiary", "{}", 404},
		{http.MethodPost, "/api/publish", strings.Repeat(" ", 4097), 413},
		{http.MethodPost, "/api/publish", strings.Repeat(" ", 4096), 200},
	} {
		if status, answer := w.request(test.method, test.path, test.body); status != test.want {
			t.Errorf("%s %s: %d %s, want %d", test.method, test.path, status, answer, test.want)
		}
	}
}

// A body of 100 MB is refused before it is read, whether or not it says how large it is.
func TestLargeBody(t *testing.T) {
	w := start(t, "", nil)
	for _, length := range []int64{100 << 20, -1} {
		body := &endless{}
		body.left.Store(100 << 20)
		r, _ := http.NewRequest(http.MethodPost, w.url+"/api/publish", body)
		r.ContentLength = length
		r.Header.Set("X-API-Key", "dev")
		res, err := w.client.Do(r)
		if err == nil { // it may also be cut off while it still sends
			res.Body.Close()
			if res.StatusCode != http.StatusRequestEntityTooLarge {
				t.Errorf("%d", res.StatusCode)
			}
		}
		if sent := 100<<20 - body.left.Load(); sent > 16<<20 {
			t.Errorf("%d MB went over the wire", sent>>20)
		}
	}
}

// endless is a body that is read by the client's own goroutine.
type endless struct{ left atomic.Int64 }

func (e *endless) Read(b []byte) (int, error) {
	n := min(int64(len(b)), e.left.Load())
	if n == 0 {
		return 0, io.EOF
	}
	for i := range b[:n] {
		b[i] = ' '
	}
	e.left.Add(-n)
	return int(n), nil
}

func TestPublicOnlyIfConfigured(t *testing.T) {
	for _, public := range []bool{false, true} {
		w := start(t, "", func(c *config.Config) { c.API.Public = public })
		w.url = "http://" + w.server.Addr().String()
		want := map[bool]int{false: 404, true: 200}[public]
		if status, answer := w.request(http.MethodPost, "/api/publish", `{"channel":"room:x","data":1}`); status != want {
			t.Errorf("public %v: %d %s", public, status, answer)
		}
	}
}

// What a key can be given in the configuration is what there is.
func TestRightsOfConfiguration(t *testing.T) {
	field, ok := reflect.TypeFor[config.APIKey]().FieldByName("Methods")
	if !ok {
		t.Fatal("keys have no methods")
	}
	want := []string{api.Any}
	for _, m := range api.Methods() {
		if !m.Bare() { // batch, which needs the rights of its commands
			want = append(want, m.Name)
		}
	}
	got := strings.Fields(field.Tag.Get("oneof"))
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("[[api_key]] methods may be\n%q, the API has\n%q", got, want)
	}
}
