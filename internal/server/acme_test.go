package server_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"throng/internal/certs/certstest"
	"throng/internal/gateway/gatewaytest"
	"throng/internal/server"
	"throng/internal/websocket"
)

// domain is whom the certificates are for.
const domain = "chat.example.org"

// acmeSettings are those of a server that gets its certificate from a CA.
func acmeSettings(t *testing.T, kind string, ca *certstest.Authority) map[string]string {
	t.Helper()
	return map[string]string{
		"dev": "true", "engine.kind": kind, "tls.listen": "127.0.0.1:0", "tls.acme_domains": domain,
		"tls.acme_email": "ops@example.org", "tls.acme_directory": ca.Directory(), "tls.acme_ca_file": ca.CAFile(t),
		"tls.acme_cache": filepath.Join(t.TempDir(), "acme"),
	}
}

// TestACME obtains a certificate by each challenge, serves it, and serves it again
// after a restart.
func TestACME(t *testing.T) {
	gatewaytest.EachInTurn(t, func(t *testing.T, kind string) {
		t.Run("tls-alpn-01", func(t *testing.T) {
			on443, on80 := openPort(t), openPort(t)
			on443.before = hangsUp(t)
			ca := certstest.Start(t, certstest.Ports{TLS: on443.addr, HTTP: on80.addr})
			set := acmeSettings(t, kind, ca)
			set["listen"] = "" // nothing but TLS
			s, log := startLogged(t, set)
			on80.shut()
			on443.forward(s.Secured()[0])
			obtained(t, s, log, ca, "tls-alpn-01", set)
		})
		t.Run("http-01", func(t *testing.T) {
			on443, on80 := openPort(t), openPort(t)
			ca := certstest.Start(t, certstest.Ports{TLS: on443.addr, HTTP: on80.addr})
			set := acmeSettings(t, kind, ca)
			s, log := startLogged(t, set)
			on443.shut()
			on80.forward(s.Public()[0])
			obtained(t, s, log, ca, "http-01", set)
		})
	})
}

// obtained waits for the certificate and uses it, before and after a restart.
func obtained(t *testing.T, s *running, log *record, ca *certstest.Authority, challenge string, set map[string]string) {
	t.Helper()
	log.await(t, "level=INFO", `msg="certificate obtained"`, "domain="+domain, "challenge="+challenge)
	first := talk(t, s.Secured()[0], ca.Roots)
	expires(t, s, first)
	s.stop()
	<-s.over
	if n := s.Engine().Connections(); n != 0 {
		t.Errorf("%d connections are left: does the CA's stay?", n)
	}

	before := ca.Requests()
	again, relog := startLogged(t, set)
	if second := talk(t, again.Secured()[0], ca.Roots); !second.Equal(first) {
		t.Error("after the restart there is another certificate")
	}
	expires(t, again, first)
	again.stop()
	<-again.over
	if n := ca.Requests() - before; n != 0 {
		t.Errorf("the restart asked the CA %d times", n)
	}
	if relog.has(`msg="certificate`) || relog.has("level=ERROR") { // not even from the cache once more
		t.Errorf("log of the restart: %s", relog)
	}
}

// talk is a Phoenix client that believes nothing but roots. It joins a channel and
// hears its own event. It returns the certificate that it was shown.
func talk(t *testing.T, addr net.Addr, roots *x509.CertPool) *x509.Certificate {
	t.Helper()
	c, err := tls.Dial(addr.Network(), addr.String(), &tls.Config{ServerName: domain, RootCAs: roots, NextProtos: []string{"http/1.1"}})
	if err != nil {
		t.Fatal(err)
	}
	in := upgrade(t, c, "/socket/websocket?vsn=2.0.0")
	for _, step := range []struct {
		say  string
		hear []string
	}{
		{`["1","1","room:a","phx_join",{}]`, []string{`["1","1","room:a","phx_reply",{"status":"ok","response":{}}]`}},
		{`["1","2","room:a","hello",{"x":1}]`, []string{
			`[null,null,"room:a","hello",{"x":1}]`, `["1","2","room:a","phx_reply",{"status":"ok","response":{}}]`,
		}},
	} {
		if _, err := c.Write(websocket.AppendMaskedFrame(nil, websocket.OpText, [4]byte{1, 2, 3, 4}, []byte(step.say))); err != nil {
			t.Fatal(err)
		}
		for _, want := range step.hear {
			hear(t, in, want)
		}
	}
	_ = c.Close()
	return c.ConnectionState().PeerCertificates[0]
}

// expires holds the metrics against the certificate in force.
func expires(t *testing.T, s *running, cert *x509.Certificate) {
	t.Helper()
	got := metric(t, s, "throng_tls_certificate_expiry_timestamp_seconds")
	if want := float64(cert.NotAfter.Unix()); got != want {
		t.Errorf("the certificate ends at %.0f in the metrics, at %.0f in truth", got, want)
	}
	if n := metric(t, s, "throng_tls_renewal_failures_total"); n != 0 {
		t.Errorf("%v failures", n)
	}
}

// metric is the value of one without labels, -1 if the server doesn't tell it.
func metric(t *testing.T, s *running, name string) float64 {
	t.Helper()
	_, _, body := get(t, s.Internal(), "/metrics")
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (\S+)$`).FindStringSubmatch(body)
	if m == nil {
		return -1
	}
	v, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestACMEUnreachable starts without a CA that could be asked: whoever needs no
// certificate is served, the others are told, and so is the operator.
func TestACMEUnreachable(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(t *testing.T, ca *certstest.Authority, set map[string]string)
		hint   string
	}{
		{"down", func(_ *testing.T, ca *certstest.Authority, _ map[string]string) { ca.Down() }, "the authority can't be reached"},
		{"of unknown root", func(t *testing.T, _ *certstest.Authority, set map[string]string) {
			set["tls.acme_ca_file"], _ = gatewaytest.Certificate(t)
		}, "the authority's own certificate is not trusted"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			gatewaytest.EachInTurn(t, func(t *testing.T, kind string) {
				on443, on80 := openPort(t), openPort(t)
				ca := certstest.Start(t, certstest.Ports{TLS: on443.addr, HTTP: on80.addr})
				set := acmeSettings(t, kind, ca)
				tt.change(t, ca, set)
				s, log := startLogged(t, set)
				log.await(t, "level=ERROR", `msg="certificate can't be obtained`, "domain="+domain, tt.hint, "next=")
				withoutCertificate(t, s)
			})
		})
	}
}

// withoutCertificate is what a server does that has none.
func withoutCertificate(t *testing.T, s *running) {
	t.Helper()
	if status, _, body := get(t, s.Public()[0], "/"); status != 404 || !strings.Contains(body, "nothing here") {
		t.Errorf("GET / on the plain listener: %d %q", status, body)
	}
	if status, _, body := get(t, s.Public()[0], "/.well-known/acme-challenge/x"); status != 404 || strings.Contains(body, "nothing here") {
		t.Errorf("a challenge that is not under way: %d %q", status, body)
	}
	dial(t, s.Public()[0], "/socket/websocket?vsn=2.0.0")
	c, err := tls.Dial("tcp", s.Secured()[0].String(), &tls.Config{ServerName: domain, InsecureSkipVerify: true})
	if err == nil {
		_ = c.Close()
		t.Error("a handshake without a certificate succeeds")
	} else if !strings.Contains(err.Error(), "remote error: tls:") {
		t.Errorf("the client sees %q, want an alert", err)
	}
	if status, _, _ := get(t, s.Internal(), "/ready"); status != 200 {
		t.Errorf("GET /ready: %d", status)
	}
	if at := metric(t, s, "throng_tls_certificate_expiry_timestamp_seconds"); at != -1 {
		t.Errorf("a certificate that isn't there ends at %.0f", at)
	}
	until(t, func() bool { return metric(t, s, "throng_tls_renewal_failures_total") == 1 }, "the failure is not counted")
}

// TestACMECAFile refuses what can't be the roots of a CA.
func TestACMECAFile(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.pem")
	if err := os.WriteFile(empty, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "missing.pem"): "open ", // and the system's words
		empty:                             "no certificate is in it",
	} {
		_, err := server.New(server.Options{Config: configured(t, map[string]string{
			"tls.listen": "127.0.0.1:0", "tls.acme_domains": domain, "tls.acme_cache": dir, "tls.acme_ca_file": path,
		})})
		var e *server.CertificateError
		if !errors.As(err, &e) || !strings.Contains(e.Where, path) || !strings.Contains(e.Msg, want) || e.Hint == "" {
			t.Errorf("%s: %#v", path, err)
		}
	}
}
