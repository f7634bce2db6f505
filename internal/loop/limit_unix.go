//go:build unix

package loop

import (
	"math"

	"golang.org/x/sys/unix"
)

func descriptorLimit() int64 {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil || uint64(r.Cur) > math.MaxInt32 {
		return math.MaxInt32
	}
	return int64(r.Cur)
}
