// Package auth tells who a client is by a token: a JSON Web Token (RFC 7519) that
// the application's backend signed with a secret or key which this server knows.
//
// A Verifier judges tokens. It is safe for use by all loops at once and never
// blocks: keys lie in memory, and those of a JSON Web Key Set (RFC 7517) are
// fetched by Run, on a goroutine of its own. A token whose key is being fetched is
// answered with ErrKeysPending, and WhenFetched says when to ask again.
//
// A token is hostile until its signature was checked. Before that only its header
// is read, and of the header only what says which of the known keys to try: the
// members that name keys elsewhere (jku, jwk, x5u, x5c) are not looked at. A key
// serves the algorithms of its own kind only, so a public key is never taken for a
// secret (RFC 8725 section 3.1).
//
// No token, no part of one, and no secret stands in an error or a line of the log.
package auth
