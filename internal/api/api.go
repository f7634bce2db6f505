// Package api lets an application's backend speak: JSON over HTTP, in the form
// of the Centrifugo server API (POST /api/<method>, key in a header, the answer
// is 200 with a result or an error), so that the libraries written for that one
// work. What it can do is one table (Methods), from which the OpenAPI description
// and docs/api.md are made.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	"throng"
)

// Node is what the API asks of the node. done is called as a broker's contract
// says.
type Node interface {
	// Namespace returns the namespace of a channel, nil when there is none.
	Namespace(channel string) *throng.Namespace
	Send(ctx context.Context, req throng.PublishRequest, done func(throng.PublishResult, error))
	History(ctx context.Context, req throng.HistoryRequest, done func(throng.HistoryResult, error))
	RemoveHistory(ctx context.Context, channel string, done func(error))
}

// Options are what an API is made of.
type Options struct {
	Node     Node
	Channels Channels
	Clients  Clients
	Presence Presence
	// Tokens takes tokens back; nil where there are none.
	Tokens Tokens
	// Records are the books of visits, and Ledger this node's part of them; nil where
	// none are kept.
	Records throng.Records
	Ledger  Ledger
	// Erase removes what a store keeps of a user, and returns how many visits that were.
	// It sees to it that this node writes nothing of before. Nil where there is no store.
	Erase func(ctx context.Context, user string) (visits int64, err error)
	// States are the maps of users; nil where they have none.
	States States
	// Bonuses is the desk of bonuses.
	Bonuses Bonuses
	// Self describes this node.
	Self  func(ctx context.Context) (NodeInfo, error)
	Clock *throng.Clock
	Log   *slog.Logger
	// MaxBody is the largest body of a request, MaxData the largest data of a
	// publication, in bytes.
	MaxBody, MaxData int
}

// API answers requests to /api and below.
type API struct {
	opts    Options
	log     *slog.Logger
	keys    atomic.Pointer[Keys]
	methods map[string]*Method
	calls   map[string]*calls
	bodies  sync.Pool // of *[]byte
	exports chan struct{}
	// Values of headers that all answers share.
	jsonType, nosniff []string
}

// calls counts those of one method.
type calls struct{ all, failed atomic.Uint64 }

// New makes an API without keys: it refuses everything until SetKeys.
func New(o Options) *API {
	a := &API{
		opts: o, log: o.Log, methods: make(map[string]*Method), calls: make(map[string]*calls),
		exports: make(chan struct{}, maxExports), jsonType: []string{"application/json"}, nosniff: []string{"nosniff"},
	}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	a.keys.Store(&Keys{})
	all := Methods()
	for i := range all {
		a.methods[all[i].Name] = &all[i]
		a.calls[all[i].Name] = new(calls)
	}
	return a
}

// SetKeys replaces all keys; requests under way go on with those that they came
// with.
func (a *API) SetKeys(k *Keys) { a.keys.Store(k) }

// Calls calls f with how often each method was called, and how often it answered
// with an error.
func (a *API) Calls(f func(method string, all, failed uint64)) {
	for name, c := range a.calls {
		f(name, c.all.Load(), c.failed.Load())
	}
}

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	keys := a.keys.Load()
	if keys.none() {
		http.Error(w, "there is no server API: no key is configured", http.StatusNotFound)
		return
	}
	key := keys.find(given(r))
	if key == nil {
		a.log.Debug("API request without a valid key", "path", r.URL.Path, "remote", r.RemoteAddr)
		http.Error(w, "unauthorized: send the key as X-API-Key, or as Authorization: apikey KEY", http.StatusUnauthorized)
		return
	}
	name := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/api"), "/")
	m := a.methods[name]
	switch {
	case name == "openapi.json":
		serveDescription(w, r)
	case m == nil && name != "":
		a.send(w, http.StatusNotFound, appendAnswer(nil, nil, throng.ErrMethodNotFound))
	case r.Method == http.MethodGet && m != nil && m.Streams():
		a.answerGet(w, r, key, m)
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "API methods are POST requests", http.StatusMethodNotAllowed)
	default:
		a.answer(w, r, key, m)
	}
}

// answer reads a request and does what it says; without a method it is a list of
// commands.
func (a *API) answer(w http.ResponseWriter, r *http.Request, key *Key, m *Method) {
	body, err := a.read(w, r)
	if body != nil {
		defer a.bodies.Put(body)
	}
	if err != nil {
		status := http.StatusOK
		if err.Code == throng.ErrLimitExceeded.Code {
			status = http.StatusRequestEntityTooLarge
		}
		a.send(w, status, appendAnswer(nil, nil, err))
		return
	}
	c := &call{API: a, ctx: r.Context(), key: key}
	switch {
	case m == nil:
		a.send(w, http.StatusOK, c.commands(*body))
		return
	case m.Streams():
		a.stream(w, c, m, *body)
		return
	}
	result, err := c.do(m, *body)()
	a.count(m, err)
	if m.bare && err == nil {
		a.send(w, http.StatusOK, result.(*batchResult).encoded)
		return
	}
	a.send(w, http.StatusOK, appendAnswer(nil, result, err))
}

// answerGet does what the URL alone says.
func (a *API) answerGet(w http.ResponseWriter, r *http.Request, key *Key, m *Method) {
	body, err := fromParameters(m.Request, r.URL.Query())
	if err != nil {
		a.count(m, err)
		a.send(w, statusOf(err), appendAnswer(nil, nil, err))
		return
	}
	a.stream(w, &call{API: a, ctx: r.Context(), key: key}, m, body)
}

func (a *API) count(m *Method, err *throng.Error) {
	c := a.calls[m.Name]
	c.all.Add(1)
	if err != nil {
		c.failed.Add(1)
	}
}
