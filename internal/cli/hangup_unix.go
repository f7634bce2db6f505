//go:build !windows

package cli

import (
	"os"
	"os/signal"
	"syscall"
)

// hangups delivers SIGHUP, which asks for the configuration to be read again.
func hangups() (signals <-chan os.Signal, stop func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	return c, func() { signal.Stop(c) }
}
