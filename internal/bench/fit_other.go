//go:build !linux

package bench

// descriptors is a guess: what fails is told by its reason.
func descriptors() int { return 10_000 }

// ports is what most systems have at least.
func ports() int { return 16_000 }
