package config

import (
	"net/mail"
	"net/netip"
	"net/url"
	"strings"
)

func checkFile(s string) *Error {
	if s == "" {
		return fail("write the path of a PEM file", "the name of a file is empty")
	}
	return nil
}

// checkTrusted accepts an address, a prefix without host bits, and unix.
func checkTrusted(s string) *Error {
	const forms = `write "10.0.0.0/8", "192.0.2.1", "2001:db8::/32" or "unix"`
	if s == "unix" {
		return nil
	}
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		return nil
	}
	p, err := netip.ParsePrefix(s)
	switch {
	case err != nil:
		return fail(forms, "%q is neither an address nor a prefix", s)
	case p.Bits() == 0:
		return fail("name the proxies' own addresses", "%q is everybody: each client could say who it is", s)
	case p != p.Masked():
		return fail("write "+p.Masked().String(), "the prefix %q has bits behind its length", s)
	}
	return nil
}

// checkDomain accepts what a CA would certify by ACME's HTTP and TLS challenges:
// a full name in ASCII, no wildcard.
func checkDomain(s string) *Error {
	switch {
	case strings.HasPrefix(s, "*."):
		return fail("name each host; wildcards need a challenge over DNS", "%q is a wildcard", s)
	case s != strings.ToLower(s):
		return fail("write it in lower case", "%q has capital letters", s)
	}
	if e := checkName(s, "-.", 1, 253); e != nil {
		return e
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return fail("write it like example.com", "%q is not the name of a host", s)
		}
	}
	return nil
}

func checkEmail(s string) *Error {
	if a, err := mail.ParseAddress(s); s != "" && (err != nil || a.Address != s) {
		return fail("write name@example.com", "%q is not an email address", s)
	}
	return nil
}

func checkURL(s string) *Error {
	if s == "" {
		return nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return fail("write https://host/path", "%q is not an https URL", s)
	}
	return nil
}
