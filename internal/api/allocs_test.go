package api_test

import (
	"net/http"
	"testing"

	"throng/internal/gateway/gatewaytest"
)

// A publish through the handler may become cheaper, not dearer.
func TestPublishAllocates(t *testing.T) {
	if underRace {
		t.Skip("the race detector allocates")
	}
	const most = 22
	a := gatewaytest.Start(t, gatewaytest.Options("")).API()
	const text = `{"channel":"room:x","data":{"text":"hello"}}`
	r, err := http.NewRequest(http.MethodPost, "/api/publish", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Api-Key", "dev")
	r.ContentLength = int64(len(text))
	in, out := &body{}, &sink{header: make(http.Header)}
	r.Body = in
	got := testing.AllocsPerRun(500, func() {
		in.Reset([]byte(text))
		a.ServeHTTP(out, r)
	})
	if got > most || out.status != http.StatusOK {
		t.Errorf("%v allocations, at most %d; status %d", got, most, out.status)
	}
}
