package bench

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// descriptors is how many a process may have open.
func descriptors() int {
	var r unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &r) != nil {
		return 1024
	}
	return int(min(r.Cur, 1<<24))
}

// ports is how many connections one address can make to another.
func ports() int {
	b, _ := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	var from, to int
	if _, err := fmt.Sscan(strings.TrimSpace(string(b)), &from, &to); err != nil {
		return 28_000
	}
	return to - from + 1
}
