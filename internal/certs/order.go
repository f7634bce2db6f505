package certs

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"golang.org/x/crypto/acme"
)

// obtain asks the authority for a certificate and proves that the domain is ours:
// with the challenge that worked last, then with the others.
func (a *ACME) obtain(ctx context.Context, d *domain) (*tls.Certificate, error) {
	client, err := a.register(ctx)
	if err != nil {
		return nil, err
	}
	kinds := a.tokens.kinds()
	slices.SortStableFunc(kinds, func(x, y string) int {
		switch d.worked {
		case x:
			return -1
		case y:
			return 1
		}
		return 0
	})
	var failed []error
	for _, kind := range kinds {
		order, err := a.prove(ctx, client, d.name, kind)
		if err == nil {
			d.worked = kind
			return a.finish(ctx, client, order, d.name)
		}
		failed = append(failed, fmt.Errorf("%s: %w", kind, err))
		var refused *acme.AuthorizationError
		if !errors.As(err, &refused) {
			break // another challenge won't do better
		}
	}
	return nil, errors.Join(failed...)
}

// prove makes an order ready, RFC 8555 section 7.4 and 7.5.
func (a *ACME) prove(ctx context.Context, client *acme.Client, name, kind string) (*acme.Order, error) {
	order, err := client.AuthorizeOrder(ctx, acme.DomainIDs(name))
	if err != nil {
		return nil, err
	}
	for _, url := range order.AuthzURLs {
		authz, err := client.GetAuthorization(ctx, url)
		if err != nil {
			return nil, err
		}
		if authz.Status == acme.StatusValid { // proved not long ago
			continue
		}
		if err := a.meet(ctx, client, authz, name, kind); err != nil {
			return nil, err
		}
	}
	return client.WaitOrder(ctx, order.URI)
}

// meet answers one challenge of an authorization.
func (a *ACME) meet(ctx context.Context, client *acme.Client, authz *acme.Authorization, name, kind string) error {
	at := slices.IndexFunc(authz.Challenges, func(c *acme.Challenge) bool { return c.Type == kind })
	if at < 0 {
		return &acme.AuthorizationError{URI: authz.URI, Identifier: name, Errors: []error{errors.New("the authority doesn't offer this challenge")}}
	}
	forget, err := a.tokens.answer(client, authz.Challenges[at], name)
	if err != nil {
		return err
	}
	defer forget()
	if _, err := client.Accept(ctx, authz.Challenges[at]); err != nil {
		return err
	}
	_, err = client.WaitAuthorization(ctx, authz.URI)
	return err
}

// finish makes a key and has it certified, RFC 8555 section 7.4.
func (a *ACME) finish(ctx context.Context, client *acme.Client, order *acme.Order, name string) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: []string{name}}, key)
	if err != nil {
		return nil, err
	}
	chain, _, err := client.CreateCertFromOrder(ctx, order, request, true)
	if err != nil {
		return nil, err
	}
	if len(chain) == 0 {
		return nil, errors.New("the authority sent no certificate")
	}
	leaf, err := x509.ParseCertificate(chain[0])
	if err != nil {
		return nil, fmt.Errorf("the authority's certificate: %w", err)
	}
	if err := leaf.VerifyHostname(name); err != nil {
		return nil, fmt.Errorf("the authority's certificate: %w", err)
	}
	if !fits(leaf, key) {
		return nil, errors.New("the authority's certificate is for another key")
	}
	if err := checkTime(name, leaf, a.now()); err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: chain, PrivateKey: key, Leaf: leaf}, nil
}

// register finds or makes the account, once.
func (a *ACME) register(ctx context.Context) (*acme.Client, error) {
	if a.account != nil {
		return a.account, nil
	}
	key, err := a.store.accountKey(ctx)
	if err != nil {
		return nil, fmt.Errorf("account: %w", err)
	}
	client := &acme.Client{Key: key, HTTPClient: a.client, DirectoryURL: a.directory, RetryBackoff: again, UserAgent: "throng"}
	account := &acme.Account{}
	if a.email != "" {
		account.Contact = []string{"mailto:" + a.email}
	}
	directory, err := client.Discover(ctx)
	if err != nil {
		return nil, fmt.Errorf("directory: %w", err)
	}
	_, err = client.Register(ctx, account, acme.AcceptTOS)
	switch {
	case err == nil:
		a.log.Info("account made with the certificate authority", "directory", a.directory, "terms", directory.Terms)
	case !errors.Is(err, acme.ErrAccountAlreadyExists):
		return nil, fmt.Errorf("account: %w", err)
	}
	a.account = client
	return client, nil
}

// again is how long to wait before a single request is repeated, as after a nonce
// that the authority doesn't know. Run repeats whole attempts.
func again(n int, _ *http.Request, answer *http.Response) time.Duration {
	if n > 6 || answer.StatusCode == http.StatusTooManyRequests {
		return -1
	}
	return 50 * time.Millisecond << n
}
