package certs_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"throng/internal/certs"
)

// listen serves TLS on loopback: what a real listener does with a source.
func listen(t *testing.T, config *tls.Config) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() {
				defer conn.Close()
				conn.SetDeadline(time.Now().Add(time.Minute))
				tls.Server(conn, config).Handshake()
			})
		}
	})
	t.Cleanup(func() { l.Close(); conns.Wait() })
	return l.Addr().String()
}

// shake makes a handshake and returns the certificate that was presented.
func shake(addr, name string, roots *x509.CertPool, protos ...string) (*x509.Certificate, error) {
	conn, err := tls.Dial("tcp", addr, &tls.Config{ServerName: name, RootCAs: roots, InsecureSkipVerify: roots == nil, NextProtos: protos})
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0], nil
}

// TestReloadUnderHandshakes replaces the certificate again and again while clients
// connect: each gets one that was in force, whole.
func TestReloadUnderHandshakes(t *testing.T) {
	dir := t.TempDir()
	list := make([]issued, 8)
	known := map[string]bool{}
	for i := range list {
		list[i] = issue(t, form{names: []string{"a.example"}})
		known[list[i].serial.String()] = true
	}
	f, err := certs.Load([]certs.Pair{store(t, dir, list[0])}, certs.Options{Every: time.Millisecond, Log: new(record).logger()})
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { f.Run(ctx) })
	t.Cleanup(func() { stop(); running.Wait() })
	addr := listen(t, &tls.Config{GetCertificate: f.GetCertificate})

	var clients sync.WaitGroup
	done := make(chan struct{})
	halt := sync.OnceFunc(func() { close(done); clients.Wait() })
	defer halt()
	for range 4 {
		clients.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				leaf, err := shake(addr, "a.example", nil)
				if err != nil {
					t.Errorf("handshake: %v", err)
					return
				}
				if !known[leaf.SerialNumber.String()] {
					t.Error("a certificate that nobody issued")
				}
			}
		})
	}
	for _, c := range list[1:] {
		store(t, dir, c)
		await(t, func() bool {
			leaf, err := shake(addr, "a.example", nil)
			return err == nil && leaf.SerialNumber.Cmp(c.serial) == 0
		})
	}
	halt()
	if n := f.Reloads(); n != uint64(len(list)-1) {
		t.Errorf("%d reloads, want %d", n, len(list)-1)
	}
}

// await polls; that it gives up is only for the sake of who waits.
func await(t *testing.T, what func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !what(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it doesn't come")
		}
	}
}

func says(err error, part string) bool { return err != nil && strings.Contains(err.Error(), part) }
