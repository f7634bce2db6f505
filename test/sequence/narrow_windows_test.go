package sequence

import "syscall"

// narrowSocket does nothing: the figures that need it are taken on Unix.
func narrowSocket(_, _ string, _ syscall.RawConn) error { return nil }
