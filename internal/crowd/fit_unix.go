//go:build unix

package crowd

import "syscall"

// Limit is how many descriptors a process of this user may have. Go has raised it to
// what the system lets it.
func Limit() int {
	const plenty = 1 << 24
	var r syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r) != nil || uint64(r.Cur) > plenty {
		return plenty
	}
	return int(r.Cur)
}
