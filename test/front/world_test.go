//go:build linux

package front

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"throng/internal/gateway/gatewaytest"
	"throng/test/process"
)

// door is who ends TLS.
type door int

const (
	noTLS door = iota
	throngTLS
	haproxyHTTP
	haproxyTCP
)

// variant is one way from the client to throng.
type variant struct {
	name           string
	engine         string
	door           door
	client, server []string // arguments of their own

	throng, crowd string // the binaries
}

// world is a variant's processes.
type world struct {
	b      testing.TB
	throng *process.Server
	proxy  *proxy // nil if there is none
	crowd  *crowd
	ready  usage // the resident memory before anybody came
}

// start runs fresh processes until the benchmark ends, or until stop.
func (v variant) start(b testing.TB) *world {
	b.Helper()
	w := &world{b: b}
	cert, key := gatewaytest.Certificate(b)
	args := append([]string{"--dev", "--log-level", "info", "--engine", v.engine}, v.server...)
	secure := []string{"-tls"}
	var address string
	switch v.door {
	case noTLS:
		w.throng = process.Start(b, v.throng, "serve", args...)
		address, secure = w.throng.Public(), nil
	case throngTLS:
		w.throng = process.Start(b, v.throng, "serve", append(args, "--set", "tls.listen=127.0.0.1:0",
			"--set", "tls.cert_files="+cert, "--set", "tls.key_files="+key)...)
		address = w.throng.Secured()
	case haproxyHTTP:
		w.throng = process.Start(b, v.throng, "serve", append(args, "--set", "proxy.trusted=127.0.0.0/29")...)
		w.proxy = startHAProxy(b, "haproxy.cfg", "127.0.0.1:8000", w.throng.Public(), w.throng.Internal(), cert, key)
		address = w.proxy.address
	case haproxyTCP:
		socket := filepath.Join(shortDir(b), "throng.sock")
		w.throng = process.Start(b, v.throng, "serve", append(args, "--listen", "unix:"+socket,
			"--set", "proxy.trusted=unix", "--set", "proxy.protocol=true")...)
		w.proxy = startHAProxy(b, "haproxy-tcp.cfg", "unix@/run/throng/throng.sock", "unix@"+socket, w.throng.Internal(), cert, key)
		address = w.proxy.address
	}
	w.ready = w.resident()
	w.crowd = startCrowd(b, v.crowd, slices.Concat(secure, v.client, []string{address, "/socket/websocket?vsn=2.0.0", "room:1"}))
	return w
}

func (w *world) stop() {
	w.crowd.stop()
	if w.proxy != nil {
		w.proxy.stop()
	}
	w.throng.Kill()
}

// shortDir is a directory whose name leaves room for a socket's.
func shortDir(b testing.TB) string {
	b.Helper()
	dir, err := os.MkdirTemp("", "front")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
