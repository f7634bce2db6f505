//go:build !linux && !darwin

package loop_test

const (
	canLimit  = false
	childRoom = 0
)

func serveAsChild(string) int { return 1 }
