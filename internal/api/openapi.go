package api

import (
	_ "embed"
	"net/http"
)

// description is the OpenAPI document. openapi_test.go makes it from the table of
// methods: go generate ./internal/api.
//
//go:generate go test . -run TestGenerated -update
//go:embed openapi.json
var description string

// serveDescription answers GET /api/openapi.json.
func serveDescription(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "the description is read with GET", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(description))
}
