package server

import "syscall"

// socketOptions has nothing to do: accepted connections are net.Conns there.
func socketOptions(string, string, syscall.RawConn) error { return nil }
