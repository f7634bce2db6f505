package million

import (
	"time"

	"golang.org/x/sys/unix"
)

// Process is the processor time that the process has used.
func Process() time.Duration { return used(unix.CLOCK_PROCESS_CPUTIME_ID) }

// Thread is the processor time that the caller's thread has used; it must be
// locked to it. On a machine that others use too it tells what wall time can't.
func Thread() time.Duration { return used(unix.CLOCK_THREAD_CPUTIME_ID) }

func used(clock int32) time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(clock, &t) != nil {
		return 0
	}
	return time.Duration(t.Nano())
}
