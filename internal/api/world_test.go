package api_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"throng"
	"throng/internal/api"
	"throng/internal/config"
	"throng/internal/gateway/gatewaytest"
)

// world is a server, and a backend that calls its API. Every answer is held against
// the description that the server itself gives.
type world struct {
	testing.TB
	server *gatewaytest.Server
	url    string
	key    string
	client *http.Client
	doc    *openapi3.T
}

// start runs a development server with some settings changed.
func start(t testing.TB, engine string, set func(*config.Config)) *world {
	t.Helper()
	o := gatewaytest.Options(engine)
	o.Config.Internal = "127.0.0.1:0"
	o.Config.Users.Subscribe = false // answers list channels
	if set != nil {
		set(o.Config)
	}
	server := gatewaytest.Start(t, o)
	w := at(t, "http://"+server.Internal().String())
	w.server = server
	return w
}

// over runs an API by itself, without a server around it.
func over(t *testing.T, o api.Options) *world {
	t.Helper()
	return served(t, alone(o), 0)
}

// alone is an API with the world's keys.
func alone(o api.Options) *api.API {
	o.Clock, o.MaxBody = throng.NewClock(), 1<<20
	a, all := api.New(o), []string{api.Any}
	a.SetKeys(api.NewKeys(
		api.Key{Name: "dev", Sum: api.Sum("dev"), Methods: all, Namespaces: all},
		api.Key{Name: "rooms", Sum: api.Sum(roomKey), Methods: all, Namespaces: []string{"room"}},
		api.Key{Name: "counting", Sum: api.Sum("counting"), Methods: []string{"visits_online"}, Namespaces: all},
	))
	return a
}

// served is a world around an API whose server reads a request for no longer than a time.
func served(t *testing.T, a http.Handler, timeout time.Duration) *world {
	t.Helper()
	s := httptest.NewUnstartedServer(a)
	s.Config.ReadTimeout = timeout
	s.Start()
	t.Cleanup(s.Close)
	return at(t, s.URL)
}

// at is a world around an API that is there already.
func at(t testing.TB, url string) *world {
	t.Helper()
	w := &world{TB: t, url: url, key: "dev", client: &http.Client{Transport: new(http.Transport), Timeout: time.Minute}}
	t.Cleanup(w.client.CloseIdleConnections)
	status, body := w.request(http.MethodGet, "/api/openapi.json", "")
	if status != 200 {
		t.Fatalf("GET /api/openapi.json: %d %s", status, body)
	}
	doc, err := openapi3.NewLoader().LoadFromData(body)
	if err == nil {
		err = doc.Validate(t.Context())
	}
	if err != nil {
		t.Fatalf("the description: %v", err)
	}
	w.doc = doc
	return w
}

// request makes a request with the world's key.
func (w *world) request(method, path, body string) (status int, answer []byte) {
	w.Helper()
	r, err := http.NewRequestWithContext(w.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	r.Header.Set("X-API-Key", w.key)
	res, err := w.client.Do(r)
	if err != nil {
		w.Fatal(err)
	}
	defer res.Body.Close()
	answer, err = io.ReadAll(res.Body)
	if err != nil {
		w.Fatal(err)
	}
	return res.StatusCode, answer
}

// post calls a method and returns the whole answer.
func (w *world) post(method, body string) []byte {
	w.Helper()
	status, answer := w.request(http.MethodPost, "/api/"+method, body)
	if status != 200 {
		w.Fatalf("%s %s: %d %s", method, body, status, answer)
	}
	w.validate(method, answer)
	return answer
}

// validate holds an answer against the description.
func (w *world) validate(method string, answer []byte) {
	w.Helper()
	var v any
	if err := json.Unmarshal(answer, &v); err != nil {
		w.Fatalf("%s: %v: %s", method, err, answer)
	}
	schema := w.doc.Paths.Value("/api/" + method).Post.Responses.Value("200").Value.Content.Get("application/json").Schema.Value
	if err := schema.VisitJSON(v); err != nil {
		w.Errorf("%s: the answer is not as described: %.500v\n%.500s", method, err, answer)
	}
}

// call calls a method; its result or its error is nil.
func (w *world) call(method, body string) (json.RawMessage, *throng.Error) {
	w.Helper()
	var a struct {
		Result json.RawMessage
		Error  *throng.Error
	}
	answer := w.post(method, body)
	if err := json.Unmarshal(answer, &a); err != nil {
		w.Fatal(err)
	}
	if (a.Result == nil) == (a.Error == nil) {
		w.Fatalf("%s %s: neither result nor error, or both: %s", method, body, answer)
	}
	return a.Result, a.Error
}

// want calls a method that must have this result.
func (w *world) want(method, body, result string) {
	w.Helper()
	if got, err := w.call(method, body); err != nil || string(got) != result {
		w.Errorf("%s %s\ngot  %s %v\nwant %s", method, body, got, err, result)
	}
}

// result calls a method that must have a result.
func result[R any](w *world, method, body string) (r R) {
	w.Helper()
	got, e := w.call(method, body)
	if e != nil {
		w.Fatalf("%s %s: %d %s", method, body, e.Code, e.Message)
	}
	if err := json.Unmarshal(got, &r); err != nil {
		w.Fatalf("%s: %v: %s", method, err, got)
	}
	return r
}

// refused calls a method that must fail with a code, and a message that contains
// some text.
func (w *world) refused(method, body string, code uint32, text string) {
	w.Helper()
	if got, err := w.call(method, body); err == nil || err.Code != code || !strings.Contains(err.Message, text) {
		w.Errorf("%s %.200s\ngot  %s %+v\nwant %d %s", method, body, got, err, code, text)
	}
}

// visitor is a Phoenix client.
type visitor struct {
	*gatewaytest.Client
	ref int
}

// connect opens a socket; a user in development says who it is.
func (w *world) connect(user string) *visitor {
	w.Helper()
	target := "/socket/websocket?vsn=2.0.0"
	if user != "" {
		target += "&user_id=" + url.QueryEscape(user)
	}
	return &visitor{Client: gatewaytest.Connect(w, w.server.Addr(), target)}
}

// join joins channels and waits for the answers.
func (v *visitor) join(channels ...string) *visitor {
	for _, channel := range channels {
		v.ref++
		v.Text(fmt.Sprintf(`["%d","%d",%q,"phx_join",{}]`, v.ref, v.ref, channel))
		v.Expect(fmt.Sprintf(`["%d","%d",%q,"phx_reply",{"status":"ok","response":{}}]`, v.ref, v.ref, channel))
	}
	return v
}

// sync waits until all that was sent before has come: nothing else may have.
func (v *visitor) sync() {
	v.ref++
	v.Text(fmt.Sprintf(`[null,"%d","phoenix","heartbeat",{}]`, v.ref))
	v.Expect(fmt.Sprintf(`[null,"%d","phoenix","phx_reply",{"status":"ok","response":{}}]`, v.ref))
}

// id is the id of a user's only client.
func (w *world) id(user string) string {
	w.Helper()
	list := result[connections](w, "connections", fmt.Sprintf(`{"user":%q}`, user)).Connections
	if len(list) != 1 {
		w.Fatalf("user %s has %d connections", user, len(list))
	}
	return list[0].Client
}

type connections struct {
	Connections []struct {
		Client, User, Transport, Wire, Address string
		Since, Expire_at                       int64
		Channels                               []string
		Num_channels, Queued                   int
	}
	Next string
}

// eventually polls until something holds.
func (w *world) eventually(what string, holds func() bool) {
	w.Helper()
	for end := time.Now().Add(10 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			w.Fatalf("it never came: %s", what)
		}
	}
}
