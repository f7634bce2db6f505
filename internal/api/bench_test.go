package api_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"throng/internal/api"
	"throng/internal/gateway/gatewaytest"
)

// sink is a response writer that keeps nothing but the status.
type sink struct {
	header http.Header
	status int
	bytes  int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(b []byte) (int, error) { s.bytes += len(b); return len(b), nil }

// body is a request's body that can be read again.
type body struct{ bytes.Reader }

func (*body) Close() error { return nil }

// post calls a method through the handler, without HTTP around it.
func post(b *testing.B, a *api.API, method, text string, each int) {
	b.ReportAllocs()
	r, err := http.NewRequest(http.MethodPost, "/api/"+method, nil)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("X-Api-Key", "dev")
	r.ContentLength = int64(len(text))
	in := &body{}
	r.Body = in
	out := &sink{header: make(http.Header)}
	for b.Loop() {
		in.Reset([]byte(text))
		a.ServeHTTP(out, r)
	}
	if out.status != http.StatusOK || out.bytes < 20*each {
		b.Fatalf("status %d, %d bytes", out.status, out.bytes)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*each), "ns/publish")
}

func BenchmarkPublish(b *testing.B) {
	a := gatewaytest.Start(b, gatewaytest.Options("")).API()
	data := strings.Repeat("x", 64)
	one := func(channel string) string { return fmt.Sprintf(`{"channel":%q,"data":{"text":%q}}`, channel, data) }
	b.Run("one", func(b *testing.B) { post(b, a, "publish", one("room:x"), 1) })
	b.Run("one/history", func(b *testing.B) { post(b, a, "publish", one("hist:x"), 1) })
	commands := make([]string, 100)
	channels := make([]string, 1000)
	for i := range commands {
		commands[i] = `{"publish":` + one(fmt.Sprint("room:", i)) + `}`
	}
	for i := range channels {
		channels[i] = fmt.Sprintf("%q", fmt.Sprint("room:", i))
	}
	list := `{"commands":[` + strings.Join(commands, ",") + `]`
	b.Run("batch=100", func(b *testing.B) { post(b, a, "batch", list+`}`, 100) })
	b.Run("batch=100/parallel", func(b *testing.B) { post(b, a, "batch", list+`,"parallel":true}`, 100) })
	b.Run("broadcast=1000", func(b *testing.B) {
		post(b, a, "broadcast", `{"channels":[`+strings.Join(channels, ",")+`],"data":{"text":"`+data+`"}}`, 1000)
	})
}
