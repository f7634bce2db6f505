package phoenix_test

import (
	"strings"
	"testing"
	"time"

	"throng"
	"throng/internal/gateway"
	"throng/internal/gateway/gatewaytest"
	"throng/internal/gateway/phoenix"
	"throng/internal/node"
	"throng/internal/server"
)

// app is the application that the transcripts were recorded with.
type app struct{}

func (app) Event(e *phoenix.Event, answer func(phoenix.Answer)) {
	switch e.Name {
	case "echo":
		answer(phoenix.Answer{Status: "ok", Response: e.Data, Binary: e.Binary})
	case "new_msg":
		answer(phoenix.Answer{Broadcast: true})
	case "new_msg_ack":
		e.Name = "new_msg"
		answer(phoenix.Answer{Broadcast: true, Status: "ok"})
	case "far_large":
		answer(phoenix.Answer{Status: "ok", Response: []byte(large)})
	case "update":
		answer(phoenix.Answer{Status: "ok", Meta: e.Data})
	case "stop":
		answer(phoenix.Answer{Stop: true})
	case "crash":
		answer(phoenix.Answer{Crash: true})
	case "say_and_stop":
		answer(phoenix.Answer{Broadcast: true, Status: "ok", Stop: true})
	default:
		answer(phoenix.Answer{})
	}
}

// large is an answer of 16 KiB.
var large = `"` + strings.Repeat("x", 16<<10-2) + `"`

// open is a namespace that lets everybody do everything.
func open(events throng.EventAction) *throng.Namespace {
	return &throng.Namespace{Subscribe: throng.Anybody, Publish: throng.Anybody, ClientEvents: events}
}

// lookup finds namespaces in a map.
func lookup(all map[string]*throng.Namespace) node.Namespaces {
	return func(name string) *throng.Namespace { return all[name] }
}

// history is a namespace that keeps size publications.
func history(size int) *throng.Namespace {
	ns := open(throng.EventBroadcast)
	ns.Retention = throng.Retention{Size: size, TTL: time.Minute}
	return ns
}

// options are those of a server with an application. It knows the topics room:*
// only, and those of more.
func options(kind string, backend phoenix.Backend, more map[string]*throng.Namespace) server.Options {
	all := map[string]*throng.Namespace{"room": open(throng.EventBackend)}
	for name, ns := range more {
		all[name] = ns
	}
	o := gatewaytest.Options(kind)
	o.Backend = backend
	o.Namespaces = lookup(all)
	o.Authenticate = func(c gateway.Credentials) (v gateway.Verdict, _ gateway.Pending) {
		v.Identity = &throng.Identity{User: c.Params.Get("user_id")}
		if c.Params.Get("deny") == "1" {
			v.Status = 403
		}
		return v, nil
	}
	return o
}

// start runs a server with these options.
func start(t testing.TB, kind string, backend phoenix.Backend, more map[string]*throng.Namespace) *gatewaytest.Server {
	t.Helper()
	return gatewaytest.Start(t, options(kind, backend, more))
}
