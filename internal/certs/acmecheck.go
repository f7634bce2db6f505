package certs

import (
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// check looks at what can be wrong before the authority is asked.
func (a *ACME) check(o ACMEOptions) *Error {
	if len(o.Domains) == 0 {
		return fail("domains", "name the domains that clients connect to", "there are none to obtain certificates for")
	}
	for _, name := range o.Domains {
		if err := checkDomain(name); err != nil {
			return err
		}
	}
	if a.email != "" {
		if at, err := mail.ParseAddress(a.email); err != nil || at.Address != a.email {
			return fail(a.email, "write it like ops@example.org, or leave it out", "not an e-mail address")
		}
	}
	if u, err := url.Parse(a.directory); err != nil || u.Scheme != "https" || u.Host == "" {
		return fail(a.directory, "RFC 8555 wants https: for example https://acme-v02.api.letsencrypt.org/directory",
			"not the URL of an ACME directory")
	}
	if o.CacheDir == "" {
		return fail("cache directory", "name one that survives restarts: authorities limit how many certificates they issue a week",
			"no directory is named to keep certificates in")
	}
	return nil
}

// checkDomain accepts host names: RFC 1123 section 2.1, of two labels or more.
func checkDomain(name string) *Error {
	where := name
	if name == "" {
		where = "domains"
	}
	switch _, err := netip.ParseAddr(strings.Trim(name, "[]")); {
	case err == nil:
		return fail(where, "use a name, or a certificate from files", "certificates for addresses are not obtained")
	case strings.HasPrefix(name, "*."):
		return fail(where, "name each domain, or use a certificate from files", "a wildcard can't be obtained: that takes control over the DNS")
	case strings.ContainsAny(name, "/:"):
		return fail(where, "leave scheme, port and path out", "not a domain")
	case strings.ContainsFunc(name, func(r rune) bool { return r > 127 }):
		return fail(where, "write it in its ASCII form, which begins with xn--", "the domain is not ASCII")
	}
	labels := strings.Split(fold(name), ".")
	for _, label := range labels {
		if !isLabel(label) {
			return fail(where, "write it like chat.example.org", "not a domain")
		}
	}
	if len(labels) < 2 || len(name) > 253 {
		return fail(where, "authorities only know public names, like chat.example.org", "not a public domain")
	}
	return nil
}

func isLabel(s string) bool {
	bad := func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' }
	return s != "" && len(s) <= 63 && s[0] != '-' && s[len(s)-1] != '-' && !strings.ContainsFunc(s, bad)
}

// open makes the directory in which one authority's certificates are kept. Each has
// its own, so that after tests with a staging authority its certificates are not
// taken for real ones.
func open(dir, authority string) (string, *Error) {
	place := filepath.Join(dir, strings.Map(func(r rune) rune {
		if r == '.' || r == '-' || (r >= '0' && r <= '9') || (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z') {
			return r
		}
		return '-'
	}, strings.TrimPrefix(authority, "https://")))
	const hint = "certificates are kept there; let the user that runs the server create files in it"
	if err := os.MkdirAll(place, 0o700); err != nil {
		return "", from(dir, err, hint, "the directory can't be made")
	}
	file, err := os.CreateTemp(place, ".try-*")
	if err != nil {
		return "", from(dir, err, hint, "the directory can't be written to")
	}
	file.Close()
	os.Remove(file.Name())
	return place, nil
}
