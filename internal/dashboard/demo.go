// Package dashboard holds the pages that throng serves itself, embedded in the
// binary: no build step, no host but our own.
package dashboard

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed demo
var demoFiles embed.FS

// contentTypes is our own table: the mime package reads the machine's, and a
// module with a wrong type does not run.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".mjs":  "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
	".md":   "text/plain; charset=utf-8",
}

// Safari does not count ws: as 'self', therefore connect-src names the schemes.
const contentSecurityPolicy = "default-src 'self'; connect-src 'self' ws: wss:; " +
	"object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// page is one embedded file with the headers that depend on its content.
type page struct {
	body        []byte
	contentType string
	etag        string
}

// Demo serves the demo chat at / and its files beside it. It answers GET and
// HEAD only. Browsers revalidate at each load, so that a new binary shows at once.
func Demo() http.Handler {
	pages := demoPages()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, ok := pages[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		h := w.Header()
		h.Set("Content-Type", p.contentType)
		h.Set("Cache-Control", "no-cache")
		h.Set("ETag", p.etag)
		h.Set("Content-Security-Policy", contentSecurityPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(p.body))
	})
}

// demoPages reads the embedded folder. What fails here was built wrongly, in
// every copy of this binary alike: it panics, and the test finds it.
func demoPages() map[string]page {
	pages := make(map[string]page)
	entries, err := fs.ReadDir(demoFiles, "demo")
	if err != nil {
		panic(fmt.Sprintf("dashboard: %v", err))
	}
	for _, entry := range entries {
		name := entry.Name()
		contentType, ok := contentTypes[path.Ext(name)]
		if !ok {
			panic("dashboard: no content type for " + name)
		}
		body, err := demoFiles.ReadFile(path.Join("demo", name))
		if err != nil {
			panic(fmt.Sprintf("dashboard: %v", err))
		}
		sum := sha256.Sum256(body)
		p := page{body: body, contentType: contentType, etag: `"` + hex.EncodeToString(sum[:8]) + `"`}
		pages["/"+strings.TrimSuffix(name, "index.html")] = p
	}
	return pages
}
