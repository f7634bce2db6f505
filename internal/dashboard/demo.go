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

//go:embed demo operator
var files embed.FS

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

// demoPolicy is the demo's Content-Security-Policy. Safari does not count ws: as
// 'self', therefore connect-src names the schemes.
const demoPolicy = "default-src 'self'; connect-src 'self' ws: wss:; " +
	"object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// page is one embedded file with the headers that depend on its content.
type page struct {
	body        []byte
	contentType string
	etag        string
}

// Demo serves the demo chat at / and its files beside it.
func Demo() http.Handler { return serve(pagesOf("demo"), demoPolicy) }

// serve answers GET and HEAD only. Browsers revalidate at each load, so that a new
// binary shows at once.
func serve(pages map[string]page, policy string) http.Handler {
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
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(p.body))
	})
}

// pagesOf reads an embedded folder. What fails here was built wrongly, in every copy
// of this binary alike: it panics, and the test finds it.
func pagesOf(folder string) map[string]page {
	pages := make(map[string]page)
	entries, err := fs.ReadDir(files, folder)
	if err != nil {
		panic(fmt.Sprintf("dashboard: %v", err))
	}
	for _, entry := range entries {
		pages["/"+strings.TrimSuffix(entry.Name(), "index.html")] = pageOf(folder, entry.Name())
	}
	return pages
}

func pageOf(folder, name string) page {
	contentType, ok := contentTypes[path.Ext(name)]
	if !ok {
		panic("dashboard: no content type for " + name)
	}
	body, err := files.ReadFile(path.Join(folder, name))
	if err != nil {
		panic(fmt.Sprintf("dashboard: %v", err))
	}
	sum := sha256.Sum256(body)
	return page{body: body, contentType: contentType, etag: `"` + hex.EncodeToString(sum[:8]) + `"`}
}
