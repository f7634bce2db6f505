//go:build !linux

package loop

// LastAck returns when the peer's system last confirmed anything, in Clock
// milliseconds; 0 where that is not known.
func (c *Conn) LastAck() int64 { return 0 }
