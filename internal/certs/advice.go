package certs

import (
	"context"
	"crypto/x509"
	"errors"
	"io/fs"
	"net"
	"strings"

	"golang.org/x/crypto/acme"
)

// advise says what to do about a failed attempt.
func advise(err error) string {
	var own *Error
	var unproved *acme.AuthorizationError
	var order *acme.OrderError
	var problem *acme.Error
	var authority x509.UnknownAuthorityError
	var network net.Error
	var file *fs.PathError
	switch {
	case errors.As(err, &own):
		return own.Hint
	case errors.As(err, &unproved), errors.As(err, &order):
		return "the authority has to reach this server under the domain: does its DNS point here, and are port 443 (tls-alpn-01) or port 80 (http-01) open to the world and forwarded to the listener?"
	case errors.As(err, &problem):
		return adviseProblem(problem)
	case errors.As(err, &authority):
		return "the authority's own certificate is not trusted by this machine: install its root"
	case errors.As(err, &file):
		return "let the user that runs the server write to the cache directory"
	case errors.Is(err, context.DeadlineExceeded):
		return "the authority doesn't answer in time; it is asked again"
	case errors.As(err, &network):
		return "the authority can't be reached: are the directory's URL and this machine's DNS right, and may it connect out to port 443?"
	}
	return "it is tried again; if it goes on, look at the authority's status page"
}

// adviseProblem knows the kinds of RFC 8555 section 6.7.
func adviseProblem(p *acme.Error) string {
	switch strings.TrimPrefix(strings.ToLower(p.ProblemType), "urn:ietf:params:acme:error:") {
	case "ratelimited":
		return "the authority's limit is reached; it is tried again later. Keep the cache directory over restarts, and test with the authority's staging directory"
	case "rejectedidentifier":
		return "the authority doesn't issue for this domain; remove it from the domains"
	case "caa":
		return "the domain's CAA record names other authorities: add this one"
	case "dns":
		return "the domain's DNS doesn't answer: does the name exist?"
	case "invalidcontact", "unsupportedcontact":
		return "the authority doesn't take this e-mail address: correct it or leave it out"
	case "externalaccountrequired":
		return "this authority wants accounts that are bound to a customer, which is not supported: choose another one"
	case "accountdoesnotexist":
		return "the account is made again at the next attempt"
	case "unauthorized":
		return "the account may not do this, or the domain was not proved: is another server answering under it?"
	}
	return "the authority refused; it is tried again"
}

// unknownAccount says if the authority doesn't know the account any more.
func unknownAccount(err error) bool {
	var p *acme.Error
	return errors.As(err, &p) && strings.HasSuffix(strings.ToLower(p.ProblemType), ":accountdoesnotexist")
}
