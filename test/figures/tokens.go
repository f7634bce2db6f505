//go:build linux

package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"throng/internal/bench/scenario"
)

// issuer makes tokens of one algorithm, and says how a server checks them.
type issuer struct {
	alg  string
	sign []string // of throng token make
	set  []string // of throng serve
}

// issuers have fresh keys in files.
func (f *figures) issuers() (all []issuer, err error) {
	secret := filepath.Join(f.dir, "secret")
	var random [32]byte
	_, _ = rand.Read(random[:]) // never fails
	if err := os.WriteFile(secret, []byte(hex.EncodeToString(random[:])), 0o600); err != nil {
		return nil, err
	}
	all = append(all, issuer{"none", nil, nil},
		issuer{"HS256", []string{"--secret-file", secret}, []string{"--set", "auth.hmac_secret_file=" + secret}})
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	for _, k := range []struct {
		alg string
		key crypto.Signer
	}{{"RS256", rsaKey}, {"ES256", ecKey}, {"EdDSA", edKey}} {
		private, public := filepath.Join(f.dir, k.alg+".key"), filepath.Join(f.dir, k.alg+".pem")
		der, err := x509.MarshalPKCS8PrivateKey(k.key)
		if err == nil {
			err = os.WriteFile(private, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
		}
		if err == nil {
			der, err = x509.MarshalPKIXPublicKey(k.key.Public())
		}
		if err == nil {
			err = os.WriteFile(public, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, issuer{k.alg, []string{"--key", private}, []string{"--set", "auth.public_key_files=" + public}})
	}
	return all, nil
}

// tokens measures what a connection token adds to a connect and join.
func (f *figures) tokens() error {
	all, err := f.issuers()
	if err != nil {
		return err
	}
	costs := make(map[string][]float64)
	measure := func(name string, s *scenario.Scenario, start func() (*server, error)) error {
		one, err := start()
		if err != nil {
			return err
		}
		defer one.stop()
		r, err := f.measure(s, "", []*server{one})
		if err != nil {
			return err
		}
		costs[name] = append(costs[name], phase(r, "connect").CPU())
		return nil
	}
	for range f.rounds {
		if err := measure("floor", arrivals(f.users, ""), func() (*server, error) { return f.startFloor(1) }); err != nil {
			return err
		}
		for _, i := range all {
			token, err := f.token(i)
			if err == nil {
				err = measure(i.alg, arrivals(f.users, token), func() (*server, error) { return f.startThrong(1, i.set...) })
			}
			if err != nil {
				return err
			}
		}
	}
	return f.writeTokens(all, costs)
}

func (f *figures) writeTokens(all []issuer, costs map[string][]float64) error {
	var table strings.Builder
	table.WriteString(heading(fmt.Sprintf("Connect and join with a token: %d connections, one loop, %d rounds in turns", f.users, f.rounds)))
	table.WriteString("\n| token | CPU of the server, µs per connect + join | ÷ floor | more than without, µs |\n|---|---|---|---|\n")
	floor := median(costs["floor"])
	fmt.Fprintf(&table, "| (floor) | %s | 1 | |\n", three(floor))
	for _, i := range all {
		m := median(costs[i.alg])
		fmt.Fprintf(&table, "| %s | %s | %.2f | %.1f |\n", i.alg, three(m), m/floor, m-median(costs["none"]))
	}
	fmt.Print(table.String())
	return os.WriteFile(filepath.Join(f.out, "tokens.md"), []byte(table.String()), 0o644)
}

func arrivals(users int, token string) *scenario.Scenario {
	s := &scenario.Scenario{
		Name: "arrivals", Heartbeat: scenario.Off,
		Users:  []scenario.Users{{Name: "users", Count: users, Join: []string{all}}},
		Phases: []scenario.Phase{arrive(), idle(time.Second)},
	}
	if token != "" {
		s.Params = map[string]string{"token": token}
	}
	return s
}

// token makes a connection token.
func (f *figures) token(i issuer) (string, error) {
	if i.sign == nil {
		return "", nil
	}
	args := append([]string{"token", "make", "--user", "somebody", "--info", `{"name":"Some Body"}`}, i.sign...)
	out, err := exec.Command(f.throng, args...).Output()
	return strings.TrimSpace(string(out)), err
}
