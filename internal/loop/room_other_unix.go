//go:build unix && !linux

package loop

// roomy reports whether the kernel takes something for a socket now.
func roomy(fd int) bool { return writable(fd) }
