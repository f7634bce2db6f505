package cli

import "os"

// hangups delivers nothing: Windows has no SIGHUP.
func hangups() (signals <-chan os.Signal, stop func()) { return nil, func() {} }
