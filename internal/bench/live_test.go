package bench_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"throng/internal/bench"
	"throng/internal/bench/report"
)

func TestLive(t *testing.T) {
	t.Parallel()
	l, err := bench.ServeLive("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Minute}
	see := func(path string, want int) {
		t.Helper()
		r, err := client.Get("http://" + l.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = r.Body.Close() }()
		_, _ = io.Copy(io.Discard, r.Body)
		if r.StatusCode != want || want == http.StatusOK && !strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
			t.Errorf("%s: %d %q", path, r.StatusCode, r.Header.Get("Content-Type"))
		}
	}
	see("/", http.StatusOK)
	see("/fragment", http.StatusOK) // before there is anything
	l.Show(&report.Report{Name: "x", Began: time.Now(), Samples: []report.Sample{{At: 1}}})
	see("/fragment", http.StatusOK)
	see("/other", http.StatusNotFound)
	if _, err := bench.ServeLive(l.Addr().String()); err == nil {
		t.Error("two at one address")
	}
}
