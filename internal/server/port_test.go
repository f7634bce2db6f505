package server_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"
)

// port is one of the domain's, 443 or 80, in front of the server: what comes is
// passed on as a router does. Who comes before it is set waits.
type port struct {
	addr   string
	before func(to net.Addr) // what happens before something is passed on
	to     net.Addr          // nil if it is shut
	set    chan struct{}
}

func openPort(t *testing.T) *port {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &port{addr: l.Addr().String(), set: make(chan struct{})}
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() {
				defer nc.Close()
				select {
				case <-p.set:
					p.pass(t, nc)
				case <-t.Context().Done():
				}
			})
		}
	})
	t.Cleanup(func() { _ = l.Close(); conns.Wait() })
	return p
}

// forward says where to; shut, that there is nobody.
func (p *port) forward(to net.Addr) { p.to = to; close(p.set) }
func (p *port) shut()               { close(p.set) }

func (p *port) pass(t *testing.T, in net.Conn) {
	if p.to == nil {
		return
	}
	if p.before != nil {
		p.before(p.to)
	}
	out, err := net.Dial(p.to.Network(), p.to.String())
	if err != nil {
		t.Errorf("behind the port: %v", err)
		return
	}
	over := make(chan struct{})
	go func() { defer close(over); _, _ = io.Copy(out, in); _ = out.Close() }()
	_, _ = io.Copy(in, out)
	_ = in.Close()
	<-over
}

// hangsUp asks first what the CA asks, and wants the server to end the connection
// after the handshake: whatever is said then gets no answer (RFC 8737 section 3).
func hangsUp(t *testing.T) func(to net.Addr) {
	var mu sync.Mutex
	asked := false
	t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		if !asked && !t.Failed() {
			t.Error("nobody came")
		}
	})
	return func(to net.Addr) {
		mu.Lock()
		defer mu.Unlock()
		asked = true
		c, err := tls.Dial(to.Network(), to.String(), &tls.Config{ServerName: domain, InsecureSkipVerify: true, NextProtos: []string{"acme-tls/1"}})
		if err != nil {
			t.Errorf("as the CA: %v", err)
			return
		}
		defer c.Close()
		if p := c.ConnectionState().NegotiatedProtocol; p != "acme-tls/1" {
			t.Errorf("as the CA: the protocol is %q", p)
		}
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: "+domain+"\r\n\r\n")
		answer := make([]byte, 100)
		if n, err := c.Read(answer); n > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("as the CA: %q, %v; want the end", answer[:n], err)
		}
	}
}
