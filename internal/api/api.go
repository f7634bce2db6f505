// Package api lets an application's backend speak: JSON over HTTP, in the form
// of the Centrifugo server API (POST /api/<method>, key in a header, the answer
// is 200 with a result or an error). So far it can publish.
package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"throng"
)

// Publisher is what the API asks of the node. done is called once.
type Publisher interface {
	Broadcast(ctx context.Context, channel string, p *throng.Publication, key string, done func(throng.PublishResult, error))
}

// API answers requests below /api/.
type API struct {
	node  Publisher
	clock *throng.Clock
	key   [sha256.Size]byte
	most  int64
}

// New makes an API that asks for a key. A body has at most so many bytes.
func New(n Publisher, c *throng.Clock, key string, most int64) *API {
	return &API{node: n, clock: c, key: sha256.Sum256([]byte(key)), most: most}
}

// answer is what every authorised request gets.
type answer struct {
	Result any           `json:"result,omitempty"`
	Error  *throng.Error `json:"error,omitempty"`
}

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !a.authorised(r) {
		http.Error(w, "unauthorized: send the key as X-API-Key, or as Authorization: apikey KEY", http.StatusUnauthorized)
		return
	}
	var out answer
	switch method := strings.TrimPrefix(r.URL.Path, "/api/"); {
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "API methods are POST requests", http.StatusMethodNotAllowed)
		return
	case method == "publish":
		out.Result, out.Error = a.publish(r.Context(), http.MaxBytesReader(w, r.Body, a.most))
	default:
		out.Error = throng.ErrMethodNotFound
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(out) // a client that is gone needs no answer
}

// authorised compares keys in constant time, whatever their lengths.
func (a *API) authorised(r *http.Request) bool {
	key := r.Header.Get("X-API-Key")
	if given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "apikey "); ok && key == "" {
		key = given
	}
	sum := sha256.Sum256([]byte(key))
	return subtle.ConstantTimeCompare(sum[:], a.key[:]) == 1
}

// decode reads one JSON object and nothing behind it.
func decode(body io.Reader, into any) *throng.Error {
	d := json.NewDecoder(body)
	if d.Decode(into) != nil {
		return throng.ErrBadRequest
	}
	if _, err := d.Token(); err != io.EOF {
		return throng.ErrBadRequest
	}
	return nil
}
