package cli

import (
	"os"
	"runtime"
)

// spare is how many goroutines may run beside the loops. A loop that waits in the system
// still counts as one that runs, until the runtime's monitor has seen that it waits; with
// none to spare the monitor has to look every 20 µs, which takes a fifth of a processor.
const spare = 1

// makeRoom lets so many goroutines run at a time, unless the environment says how many.
func makeRoom(loops int) {
	if os.Getenv("GOMAXPROCS") == "" && runtime.GOMAXPROCS(0) < loops+spare {
		runtime.GOMAXPROCS(loops + spare)
	}
}
