package server_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"throng/internal/server"
)

// Books whose store hangs don't keep the others from being stopped, and all are waited for.
func TestBooksStopTogether(t *testing.T) {
	others, over := make(chan struct{}), 0
	server.Together(func() {
		select {
		case <-others:
			over++
		case <-time.After(5 * time.Second):
			t.Error("the others wait for these")
		}
	}, func() { close(others) })
	if over != 1 {
		t.Error("some were not waited for")
	}
}

// A backend that publishes while the server stops gets an answer that is true, or
// none: it is never told of an internal error, which would be no fault of its own
// nor of the server's.
func TestStopWhilePublishing(t *testing.T) {
	s := start(t, server.Options{Config: configured(t, map[string]string{"dev": "true"})})
	var published atomic.Int64
	var storm sync.WaitGroup
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
	t.Cleanup(client.CloseIdleConnections)
	publish := func() bool {
		req, _ := http.NewRequest(http.MethodPost, "http://"+s.Internal().String()+"/api/publish",
			strings.NewReader(`{"channel":"lobby","data":1}`))
		req.Header.Set("X-API-Key", "dev")
		res, err := client.Do(req)
		if err != nil {
			return false
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			return false
		}
		if strings.Contains(string(body), `"error"`) {
			t.Errorf("answered %s", body)
			return false
		}
		published.Add(1)
		return true
	}
	if !publish() {
		t.Fatal("nothing can be published")
	}
	for range 8 {
		storm.Go(func() {
			for publish() {
			}
		})
	}
	for published.Load() < 100 {
		time.Sleep(time.Millisecond)
	}
	s.stop()
	<-s.over
	storm.Wait()
}
