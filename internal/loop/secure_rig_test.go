package loop_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"throng/internal/loop"
)

// certificate is made once for all tests.
var certificate = sync.OnceValue(func() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	about := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, about, about, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
})

func serverTLS() *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{certificate()}, NextProtos: []string{"http/1.1"}}
}

func clientTLS() *tls.Config {
	return &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}}
}

// front is a handler that sees the first bytes of a TLS connection, does the
// handshake on a goroutine and gives the connection back, with another handler.
type front struct {
	silent
	e    *loop.Engine
	cfg  *tls.Config
	next func() loop.Handler
	busy *sync.WaitGroup
}

func (f *front) Open(*loop.Conn) {}

func (f *front) Data(c *loop.Conn, b []byte) int {
	in := bytes.Clone(b)
	d, err := c.Detach()
	if err != nil {
		c.Abort(err)
		return len(b)
	}
	f.busy.Go(func() {
		s := loop.NewSecure(d.Conn, append(in, d.In...), f.cfg)
		if handshake(s) != nil {
			_ = s.Close()
			f.e.Release()
			return
		}
		f.e.Adopt(s, nil, f.next(), true)
	})
	return len(b)
}

func handshake(s *loop.Secure) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return s.HandshakeContext(ctx)
}

// dial connects a client of a carrier. Its deadline is a test's patience.
func (on carrier) dial(ln net.Listener) (net.Conn, error) {
	nc, err := net.Dial(ln.Addr().Network(), ln.Addr().String())
	if err != nil {
		return nil, err
	}
	_ = nc.SetDeadline(time.Now().Add(2 * patience))
	if !on.secure() {
		return nc, nil
	}
	tc := tls.Client(nc, clientTLS())
	if err := tc.Handshake(); err != nil {
		_ = nc.Close()
		return nil, err
	}
	return tc, nil
}

// pair connects a client with something to adopt.
func (on carrier) pair(t testing.TB) (cl client, nc net.Conn) {
	t.Helper()
	return on.pairTLS(t, clientTLS())
}

// pairTLS is pair with the client's configuration.
func (on carrier) pairTLS(t testing.TB, cfg *tls.Config) (cl client, nc net.Conn) {
	t.Helper()
	ln := listen(t, on.network)
	defer ln.Close()
	var err error
	if cl.Conn, err = (carrier{on.kind, ln.Addr().Network()}).dial(ln); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cl.Conn.Close() })
	cl.t = t
	if nc, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	if !on.secure() {
		return cl, nc
	}
	raw := cl.Conn
	t.Cleanup(func() { _ = raw.Close() })
	tc, s := tls.Client(raw, cfg), loop.NewSecure(nc, nil, serverTLS())
	group(
		func() { err = tc.Handshake() },
		func() {
			if err := handshake(s); err != nil {
				t.Error(err)
			}
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	cl.Conn = tc
	return cl, s
}

// reset ends a TCP connection with an RST.
func (c client) reset() {
	nc := c.Conn
	if tc, ok := nc.(*tls.Conn); ok {
		nc = tc.NetConn() // without a close_notify
	}
	_ = nc.(*net.TCPConn).SetLinger(0)
	_ = nc.Close()
}
