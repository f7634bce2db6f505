// Package load is the part of a load test that runs: very many clients in one
// process, which connect, follow their scripts, check what they receive, and
// count.
//
// One goroutine owns all clients of a process (Worker), so nothing is locked. On
// Linux it waits on an epoll of its own and takes the kernel's receive stamps, so
// that what a message waits for in the bench is no part of its latency. With TLS,
// and on other systems, goroutines read and hand the bytes over.
//
// Latency is counted from when something was to be done, not from when the bench
// got round to it, so that a server that holds up the bench does not look faster
// for it (coordinated omission).
package load
