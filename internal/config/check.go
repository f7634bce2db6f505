package config

import (
	"net"
	"net/url"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxSocketPath is what sockaddr_un holds on Linux, less the final zero.
const maxSocketPath = 107

// check runs the check that a field's tag names on one string.
func check(name, s string) *Error {
	switch name {
	case "address":
		return checkAddress(s)
	case "internal":
		if s == "" {
			return nil
		}
		return checkAddress(s)
	case "node":
		return checkName(s, "-_.", 0, 253)
	case "namespace":
		return checkName(s, "-_", 1, 64)
	case "path":
		return checkPath(s)
	case "event":
		return checkEvent(s)
	case "origin":
		return checkOrigin(s)
	case "file":
		return checkFile(s)
	case "secret":
		return checkSecret(s)
	case "keyset":
		return checkKeySet(s)
	case "optional": // a path or name that may be empty
		return nil
	case "email":
		return checkEmail(s)
	case "trusted":
		return checkTrusted(s)
	case "domain":
		return checkDomain(s)
	case "dsn":
		return checkDSN(s)
	case "url":
		return checkURL(s)
	case "key":
		return checkKey(s)
	case "sha256":
		return checkSum(s)
	case "space":
		if s == "*" || s == "@user" {
			return nil
		}
		return checkName(s, "-_", 1, 64)
	}
	panic("config: unknown check " + name)
}

// checkAddress accepts host:port, :port and unix:/path.
func checkAddress(s string) *Error {
	if socket, ok := strings.CutPrefix(s, "unix:"); ok {
		switch {
		case !path.IsAbs(socket):
			return fail("write unix:/run/throng.sock", "%q has no absolute path", s)
		case len(socket) > maxSocketPath:
			return fail("choose a shorter one", "the path of a Unix socket has at most %d bytes", maxSocketPath)
		}
		return nil
	}
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return fail(`write "host:port", ":port", "[::1]:port" or "unix:/path"`, "%q is not an address", s)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fail("a port is a number up to 65535; 0 lets the system choose", "%q has no valid port", s)
	}
	return nil
}

// checkName accepts letters, digits and the characters of extra.
func checkName(s, extra string, least, most int) *Error {
	if len(s) < least {
		return fail("give it a name", "the name is empty")
	}
	if len(s) > most {
		return fail("choose a shorter one", "the name has more than %d bytes", most)
	}
	for _, r := range s {
		if (r < '0' || r > '9') && (r|0x20 < 'a' || r|0x20 > 'z') && !strings.ContainsRune(extra, r) {
			return fail("use letters, digits and "+strings.Join(strings.Split(extra, ""), " "), "%q in the name %q", r, s)
		}
	}
	return nil
}

// checkPath wants what can be compared with a request's path byte by byte:
// nothing that a client would escape or clean.
func checkPath(s string) *Error {
	if !strings.HasPrefix(s, "/") || s == "/" || path.Clean(s) != s {
		return fail(`write it like "/socket": a slash first, none last`, "%q is not a path to mount on", s)
	}
	return checkName(s, "/-_.~", 2, 255)
}

// checkEvent keeps the names that the Phoenix protocol uses itself.
func checkEvent(s string) *Error {
	switch {
	case s == "" || len(s) > 255:
		return fail("choose a name of 1 to 255 bytes", "%q is not the name of an event", s)
	case strings.HasPrefix(s, "phx_") || strings.HasPrefix(s, "presence_"):
		return fail("choose a name that starts otherwise", "%q belongs to the Phoenix protocol", s)
	}
	return nil
}

// checkOrigin refuses patterns that could never be equal to an Origin header: a
// browser sends scheme and host in ASCII lower case, no path, and no port where
// it is the scheme's own (RFC 6454 sections 4 and 6.2).
func checkOrigin(s string) *Error {
	if s == "*" {
		return nil
	}
	const forms = `write "https://example.com", "//*.example.com" or "*"`
	exact := s
	if host, ok := strings.CutPrefix(s, "//*."); ok {
		exact = "wss://" + host
	} else if !strings.HasPrefix(s, "http://") && !strings.HasPrefix(s, "https://") {
		return fail(forms, "%q is not an origin", s)
	}
	u, err := url.Parse(exact)
	switch {
	case err != nil || u.Hostname() == "" || strings.ContainsAny(u.Host, "* ") || strings.HasSuffix(u.Host, ":") || u.User != nil:
		return fail(forms, "%q is not an origin", s)
	case u.Path != "" || strings.ContainsAny(s, "?#"):
		return fail("leave out what follows the host, the last slash too", "the origin %q has a path", s)
	case s != strings.ToLower(s):
		return fail("browsers send origins in lower case", "the origin %q has capital letters", s)
	case strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }):
		return fail("browsers send the ASCII form of a host: xn--…", "the origin %q is not ASCII", s)
	case u.Scheme == "https" && u.Port() == "443" || u.Scheme == "http" && u.Port() == "80":
		return fail("leave out the port, as browsers do", "the origin %q names its scheme's own port", s)
	}
	return nil
}
