// Package certs is where TLS certificates come from: PEM files that are read again
// when they change (Files), or a certificate authority that speaks ACME, RFC 8555
// (ACME). Both have the GetCertificate that a tls.Config asks, which takes no lock,
// and a Run that does the work besides.
//
// What is in force stays in force: a new certificate is taken only when it is whole,
// fits its key and is valid now. Until then the old one is served, and the log says
// what is wrong and what to do about it.
package certs
