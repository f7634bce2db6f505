//go:build !nosqlite

package crowd_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"throng/internal/crowd"
	"throng/internal/server"
)

// Those who want an offer ask for it, and as many have it as there are to have.
func TestCrowdClaims(t *testing.T) {
	s, target := demo(t, nil)
	const people, quota = 30, 5
	c, _ := gather(t, crowd.Options{
		Target: target, People: people, Channel: server.DemoChannel, Arrivals: 200, Claiming: 0.7, Hesitate: 100 * time.Millisecond, Seed: 1,
	})
	f := &c.Figures
	until(t, "all are here", f, func() bool { return f.Here.Load() == people })
	offer(t, s, quota)
	until(t, "as many have it as may", f, func() bool { return f.Won.Load() == quota })
	until(t, "all have seen it", f, func() bool { return f.Offers.Load() >= people })
	if offers, claims := f.Offers.Load(), f.Claims.Load(); offers != people || claims < quota || claims > people {
		t.Errorf("%d saw the offer, %d claimed it", offers, claims)
	}
}

// offer creates a bonus, as soon as the store is there.
func offer(t *testing.T, s *server.Server, quota int) {
	t.Helper()
	body := fmt.Sprintf(`{"data":{"text":"a ticket"},"quota":%d,"duration_ms":60000,"audience":{"channel":%q}}`, quota, server.DemoChannel)
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.Internal().String()+"/api/bonus_create", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-API-Key", "dev")
		answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		said, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		switch {
		case bytes.Contains(said, []byte(`"state":"open"`)):
			return
		case !bytes.Contains(said, []byte(`"temporary":true`)) || time.Now().After(end):
			t.Fatalf("bonus_create: %s", said)
		}
	}
}
