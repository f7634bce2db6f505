package certs_test

import (
	"crypto/tls"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"throng/internal/certs"
)

// all loads pairs of several certificates.
func all(t testing.TB, list ...issued) *certs.Files {
	t.Helper()
	dir := t.TempDir()
	var pairs []certs.Pair
	for i, c := range list {
		pairs = append(pairs, store(t, filepath.Join(dir, strconv.Itoa(i)), c))
	}
	f, err := certs.Load(pairs, certs.Options{})
	must(t, err)
	return f
}

func TestNames(t *testing.T) {
	first := issue(t, form{names: []string{"first.example"}})
	exact := issue(t, form{names: []string{"a.example.org", "Upper.Example.org"}})
	wild := issue(t, form{names: []string{"*.example.org", "example.org"}})
	late := issue(t, form{names: []string{"a.example.org"}})
	f := all(t, first, exact, wild, late)
	for name, want := range map[string]issued{
		"first.example":         first,
		"a.example.org":         exact,
		"A.Example.ORG":         exact,
		"a.example.org.":        exact,
		"upper.example.org":     exact,
		"b.example.org":         wild,
		"B.EXAMPLE.org":         wild,
		"example.org":           wild,
		"x.b.example.org":       first, // a wildcard is one label
		"evilexample.org":       first,
		"example.org.evil.test": first,
		"*.example.org":         wild,
		"org":                   first,
		"":                      first,
		".":                     first,
	} {
		if got := served(t, f, name); got != want.serial.String() {
			t.Errorf("%q gets the wrong certificate", name)
		}
	}
}

// TestNamesByKey has two certificates for one name: who can't use the one gets the
// other.
func TestNamesByKey(t *testing.T) {
	ec := issue(t, form{names: []string{"a.example"}})
	old := issue(t, form{names: []string{"a.example"}, kind: "rsa"})
	f := all(t, ec, old)
	hello := &tls.ClientHelloInfo{
		ServerName: "a.example", SupportedVersions: []uint16{tls.VersionTLS12}, SupportedCurves: []tls.CurveID{tls.CurveP256},
		CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}, SignatureSchemes: []tls.SignatureScheme{tls.PSSWithSHA256},
		SupportedPoints: []uint8{0},
	}
	cert, err := f.GetCertificate(hello)
	must(t, err)
	if cert.Leaf.SerialNumber.Cmp(old.serial) != 0 {
		t.Error("a client that only knows RSA gets another certificate")
	}
	hello.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}
	hello.SignatureSchemes = []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256}
	cert, err = f.GetCertificate(hello)
	must(t, err)
	if cert.Leaf.SerialNumber.Cmp(ec.serial) != 0 {
		t.Error("a client that only knows ECDSA gets another certificate")
	}
}

func TestNotAfterIsTheEarliest(t *testing.T) {
	f := all(t, issue(t, form{span: 90 * 24 * hour}), issue(t, form{span: 50 * hour}), issue(t, form{span: 80 * hour}))
	left := time.Until(f.NotAfter())
	if left <= 49*hour || left > 50*hour {
		t.Errorf("the first one expires in %v, want 50h", left)
	}
}

func BenchmarkGetCertificate(b *testing.B) {
	f := all(b, issue(b, form{names: []string{"first.example"}}), issue(b, form{names: []string{"*.example.org"}}))
	hello := &tls.ClientHelloInfo{ServerName: "a.example.org"}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if cert, _ := f.GetCertificate(hello); cert == nil {
				b.Fail()
			}
		}
	})
}
