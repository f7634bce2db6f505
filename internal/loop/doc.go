// Package loop runs connections: bytes come in, bytes go out, deadlines fire.
// It knows nothing of what the bytes mean.
//
// An Engine has a fixed number of loops. Each loop is one goroutine that owns
// its connections; their handlers run on it and nowhere else, so neither needs a
// lock. Everybody else posts a Task to the loop's mailbox. A handler must not
// block: whatever waits for a network or a disk runs elsewhere and posts its
// result back to a Ref, the name of a connection that may be gone by then.
//
// A turn of a loop: wait for readiness, read and hand bytes to handlers, run the
// mailbox, fire due timers, let the attached Turner do a bounded slice of
// fan-out, and last write what has gathered, one write per connection.
//
// An idle connection is one Conn record. The read buffer belongs to the loop, a
// partial input spills into a buffer that lives until the rest came, the
// out-queue is borrowed while something waits, and the timer is a link in the
// loop's timing wheel.
//
// Two carriers move the bytes. On Linux a descriptor is registered with the
// loop's epoll instance; with TLS, a Secure stands between it and the loop.
// Elsewhere (and for connections that have no descriptor) a stream uses two
// goroutines: a reader that posts what it read and waits until that was consumed,
// and a writer that is handed what the queue holds. Handlers cannot tell them
// apart.
package loop
