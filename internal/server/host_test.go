package server_test

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"throng/internal/server"
)

// under asks the internal listener under a name.
func under(t *testing.T, s *running, host string) (status int, answer string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, fmt.Sprintf("http://%s/api/info", s.Internal()), strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	r.Header.Set("X-API-Key", "dev")
	r.Close = true
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// A web page whose name resolves to this machine does not get at the API of
// development, whose key everybody knows.
func TestRebinding(t *testing.T) {
	s := start(t, server.Options{Config: configured(t, map[string]string{"dev": "true", "internal": "localhost:0"})})
	for _, host := range []string{"localhost", "localhost:9000", "LocalHost.:9000", "127.0.0.1:9000", "192.0.2.1", "[::1]:9000", "[::1]"} {
		if status, answer := under(t, s, host); status != 200 {
			t.Errorf("%s: %d %s", host, status, answer)
		}
	}
	for _, host := range []string{
		"evil.example", "evil.example:9000", "localhost.evil.example", "127.0.0.1.evil.example:9000", "evil-localhost", "1.2.3",
	} {
		if status, answer := under(t, s, host); status != http.StatusMisdirectedRequest || !strings.Contains(answer, "localhost, to IP addresses") {
			t.Errorf("%s: %d %s", host, status, answer)
		}
		if status, _, _ := getUnder(t, s.Internal(), host, "/metrics"); status != http.StatusMisdirectedRequest {
			t.Errorf("%s: metrics: %d", host, status)
		}
	}
}

// In production a page has no key, and who comes by a name is served.
func TestNamesInProduction(t *testing.T) {
	s := start(t, server.Options{Config: configured(t, nil)})
	for path, want := range map[string]int{"/metrics": 200, "/health": 200, "/dashboard/": 200} {
		if status, _, body := getUnder(t, s.Internal(), "throng.internal.example", path); status != want {
			t.Errorf("%s: %d %.80s", path, status, body)
		}
	}
}

// The host in the setting internal is one that the operator chose.
func TestHostOfInternal(t *testing.T) {
	for host, want := range map[string]bool{
		"throng": true, "THRONG.:9000": true, "": true, "other": false, "throng.evil.example:9000": false,
	} {
		if got := server.Unforgeable(host, "throng"); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
}

// No web page gets at a socket in the file system, so its callers say what they like.
func TestHostOfSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	s := start(t, server.Options{Config: configured(t, map[string]string{"dev": "true", "internal": "unix:" + path})})
	if status, _, body := getUnder(t, s.Internal(), "throng", "/health"); status != 200 {
		t.Errorf("%d %s", status, body)
	}
}
