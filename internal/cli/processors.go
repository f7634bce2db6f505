package cli

import (
	"os"
	"runtime"

	"throng/internal/server"
)

// makeRoom lets more goroutines run at a time than there are loops, by half of the
// processors. A loop that waits in the system counts as a goroutine that runs until the
// runtime's monitor has seen that it waits; with no room for others the monitor has to look
// every 20 µs, which takes a fifth of a processor.
//
// What the environment says stays. Where a quota bounds the processors it stays too: more at
// a time would use it up sooner, and then all stand still.
func makeRoom(s *server.Server) {
	now, all := runtime.GOMAXPROCS(0), runtime.NumCPU()
	if os.Getenv("GOMAXPROCS") != "" || now < all || s.Engine().Kind() == "goroutine" {
		return
	}
	if n := s.Engine().Loops() + max(1, all/2); n > now {
		runtime.GOMAXPROCS(n)
	}
}
