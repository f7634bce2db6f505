// Package proxy says who a client is that comes through proxies: it knows whose
// word is taken (Trusted), reads the PROXY protocol (Header), and walks through
// X-Forwarded-For and Forwarded (Trusted.Client). It is pure: bytes and addresses
// in, an address out.
//
// The PROXY protocol is the one of haproxy.org/download/2.6/doc/proxy-protocol.txt,
// called the specification here. We read it ourselves: go-proxyproto wants a
// bufio.Reader, waits in it, gives up on a header that comes in two pieces, and
// allocates; a loop has bytes, and some of them may still be missing.
package proxy
