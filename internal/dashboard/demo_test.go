package dashboard_test

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"throng/internal/dashboard"
)

func get(t *testing.T, method, path string, header http.Header) *httptest.ResponseRecorder {
	t.Helper()
	return ask(t, dashboard.Demo(), method, path, header)
}

func ask(t *testing.T, pages http.Handler, method, path string, header http.Header) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	for key, values := range header {
		r.Header[key] = values
	}
	w := httptest.NewRecorder()
	pages.ServeHTTP(w, r)
	return w
}

func TestDemoServesEveryFileWithItsHeaders(t *testing.T) {
	want := map[string]string{
		"/":                   "text/html; charset=utf-8",
		"/demo.css":           "text/css; charset=utf-8",
		"/demo.js":            "text/javascript; charset=utf-8",
		"/phoenix.mjs":        "text/javascript; charset=utf-8",
		"/icon.svg":           "image/svg+xml",
		"/phoenix.LICENSE.md": "text/plain; charset=utf-8",
	}
	for path, contentType := range want {
		w := get(t, http.MethodGet, path, nil)
		if w.Code != http.StatusOK || w.Body.Len() == 0 {
			t.Errorf("%s: status %d with %d bytes", path, w.Code, w.Body.Len())
		}
		for key, value := range map[string]string{
			"Content-Type":           contentType,
			"Cache-Control":          "no-cache",
			"X-Content-Type-Options": "nosniff",
		} {
			if got := w.Header().Get(key); got != value {
				t.Errorf("%s: %s is %q, want %q", path, key, got, value)
			}
		}
		csp := w.Header().Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'self'", "connect-src 'self' ws: wss:"} {
			if !strings.Contains(csp, part) {
				t.Errorf("%s: Content-Security-Policy %q lacks %q", path, csp, part)
			}
		}
	}
}

// What the files name must be embedded, and nothing may come from elsewhere or
// need what the policy forbids.
func TestPagesNameOnlyWhatIsServed(t *testing.T) {
	reference := regexp.MustCompile(`(?:(?:src|href)=|from )"([^"]+)"`)
	inline := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|style="|\son\w+="|https?://`)
	for folder, pages := range map[string]http.Handler{"demo": dashboard.Demo(), "operator": dashboard.Operator()} {
		files := os.DirFS(folder)
		names, err := fs.Glob(files, "*")
		if err != nil || len(names) == 0 {
			t.Fatal(names, err)
		}
		for _, name := range names {
			if strings.HasPrefix(name, "phoenix.") || strings.HasPrefix(name, "uplot.") {
				continue
			}
			body, err := fs.ReadFile(files, name)
			if err != nil {
				t.Fatal(err)
			}
			text := strings.ReplaceAll(string(body), "http://www.w3.org/2000/svg", "") // a name, not an address
			if found := inline.FindString(text); found != "" {
				t.Errorf("%s/%s has %q", folder, name, found)
			}
			for _, match := range reference.FindAllStringSubmatch(text, -1) {
				path := "/" + strings.TrimPrefix(match[1], "./")
				if w := ask(t, pages, http.MethodGet, path, nil); w.Code != http.StatusOK {
					t.Errorf("%s/%s names %q, which is answered with %d", folder, name, match[1], w.Code)
				}
			}
		}
	}
}

// The operator's page may ask its own server, and nothing else.
func TestOperatorPolicy(t *testing.T) {
	for path, contentType := range map[string]string{
		"/": "text/html; charset=utf-8", "/operator.js": "text/javascript; charset=utf-8", "/uplot.js": "text/javascript; charset=utf-8",
		"/uplot.css": "text/css; charset=utf-8", "/uplot.LICENSE.md": "text/plain; charset=utf-8", "/icon.svg": "image/svg+xml",
	} {
		w := ask(t, dashboard.Operator(), http.MethodGet, path, nil)
		policy := w.Header().Get("Content-Security-Policy")
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != contentType || !strings.HasPrefix(policy, "default-src 'none'; script-src 'self';") ||
			strings.Contains(policy, "unsafe") || strings.Contains(policy, "ws") || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
}

func TestDemoRevalidates(t *testing.T) {
	etag := get(t, http.MethodGet, "/", nil).Header().Get("ETag")
	w := get(t, http.MethodGet, "/", http.Header{"If-None-Match": {etag}})
	if etag == "" || w.Code != http.StatusNotModified || w.Body.Len() != 0 {
		t.Errorf("ETag %q: status %d with %d bytes", etag, w.Code, w.Body.Len())
	}
}

func TestDemoRefuses(t *testing.T) {
	for _, c := range []struct {
		method, path string
		code         int
	}{
		{http.MethodGet, "/index.html/", http.StatusNotFound},
		{http.MethodGet, "/../demo.go", http.StatusNotFound},
		{http.MethodGet, "/demo", http.StatusNotFound},
		{http.MethodPost, "/", http.StatusMethodNotAllowed},
	} {
		if w := get(t, c.method, c.path, nil); w.Code != c.code {
			t.Errorf("%s %s: %d, want %d", c.method, c.path, w.Code, c.code)
		}
	}
	if w := get(t, http.MethodHead, "/", nil); w.Code != http.StatusOK || w.Body.Len() != 0 {
		t.Errorf("HEAD /: %d with %d bytes", w.Code, w.Body.Len())
	}
}
