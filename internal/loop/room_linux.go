package loop

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// roomy reports whether the kernel takes something for a socket now. Readiness says so
// only when a good part of the buffer is free, which a peer that reads slowly may not
// reach for long; then TCP's own figures tell.
func roomy(fd int) bool {
	if writable(fd) {
		return true
	}
	var mem [9]uint32 // SK_MEMINFO_VARS of linux/sock_diag.h
	size := uint32(unsafe.Sizeof(mem))
	_, _, e := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_MEMINFO,
		uintptr(unsafe.Pointer(&mem)), uintptr(unsafe.Pointer(&size)), 0)
	const sndbuf, queued = 3, 5
	return e == 0 && mem[queued] > 0 && mem[queued] < mem[sndbuf]
}
